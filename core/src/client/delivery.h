// Has events delivered: by a thread of this process when it lives long enough, by a detached
// program when it ends before. Loads the upload part (and with it libcurl) for the thread only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "candor/options.h"
#include "candor/upload.h"
#include "client/delivery_policy.h"
#include "client/detach.h"
#include "platform/per_process.h"

namespace candor::client {

struct DeliveryPlan {
  DeliveryPolicy policy;
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

  // One event was accepted: does what the policy says. Any thread; a few nanoseconds as a rule.
  void emitted() noexcept;
  // Uploads now. False when there is no uploader to be had, or it was stopped.
  [[nodiscard]] bool flush(std::int32_t timeout_ms, candor_flush_result& result) noexcept;
  // Whether one was to be started and the upload part could not be loaded.
  [[nodiscard]] bool lacks_uploader() noexcept { return process_->state->library_missing; }
  // Ends the thread and the uploader; takes milliseconds. Whether a detached uploader is to be
  // left for what waits.
  bool stop() noexcept;
  void detach() noexcept { start_detached(plan_->detach); }

 private:
  // Shared with the thread, which outlives a stop that could not wait for it.
  struct State {
    std::atomic<std::uint32_t> emitted{0};
    std::atomic<bool> library_missing{false};
    std::mutex mutex;  // guards the rest; held for moments only
    std::condition_variable changed;
    const candor_upload_api* api = nullptr;
    candor_uploader* uploader = nullptr;
    bool stopped = false;
    bool loading = false;  // a thread is starting the uploader
    bool timing = false;   // the timer's thread runs
    int flushing = 0;      // threads that are in a flush
    std::thread timer;
  };
  struct Process {
    std::shared_ptr<State> state = std::make_shared<State>();
    void abandon() noexcept {}
  };

  void start_timer(const std::shared_ptr<State>& state) noexcept;
  static void run_timer(const DeliveryPlan& plan, State& state) noexcept;
  // Waits for another thread that is starting it until `deadline_ms` of steady time.
  static bool start_uploader(const DeliveryPlan& plan, State& state,
                             std::int64_t deadline_ms) noexcept;

  const std::shared_ptr<const DeliveryPlan> plan_;
  PerProcess<Process> process_;
};

}  // namespace candor::client
