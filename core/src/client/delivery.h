// When events leave: by a thread of this process when it lives long enough, by a detached
// program when it ends before. Loads the upload part (and with it libcurl) for the thread only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "candor/options.h"
#include "candor/upload.h"
#include "client/detach.h"
#include "platform/per_process.h"

namespace candor::client {

struct DeliveryPlan {
  Delivery delivery = Delivery::automatic;
  std::uint32_t flush_at = 100;
  std::uint32_t flush_interval_ms = 10'000;
  const candor_upload_api* linked = nullptr;
  std::string library;  // where to load the upload part from; empty: beside this code
  DetachPlan detach;    // its job is what any uploader is told
};

class Dispatcher {
 public:
  explicit Dispatcher(DeliveryPlan plan);
  ~Dispatcher();  // stops
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // One event was accepted. Starts the thread with the first one, wakes the uploader with every
  // flush_at-th. Any thread; a few nanoseconds otherwise.
  void emitted() noexcept;
  // Uploads now; true when nothing waits any more.
  [[nodiscard]] bool flush(std::int32_t timeout_ms) noexcept;
  // Whether one was to be started and the upload part could not be loaded.
  [[nodiscard]] bool lacks_uploader() noexcept { return process_->library_missing; }
  // Ends the thread and the uploader, and leaves what waits to a detached one; takes milliseconds.
  void stop() noexcept;

 private:
  struct Process {
    std::atomic<std::uint32_t> emitted{0};
    std::atomic<const candor_upload_api*> api{nullptr};
    std::atomic<candor_uploader*> uploader{nullptr};
    std::atomic<bool> library_missing{false};
    std::mutex mutex;  // guards the rest, and the uploader's end
    std::condition_variable changed;
    bool stopped = false;
    int flushing = 0;  // threads that wait in a flush
    std::thread timer;
    void abandon() noexcept {}
  };

  [[nodiscard]] bool start_uploader(Process& process) noexcept;
  void start_timer(Process& process) noexcept;
  void run_timer(Process& process) noexcept;

  const DeliveryPlan plan_;
  PerProcess<Process> process_;
};

}  // namespace candor::client
