// What this addon keeps for one JavaScript environment (the main thread, or a worker): the clients
// that it opened and the threads that work for it. When the environment or the process ends, its
// clients are closed, its threads joined.
#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "candor/client.h"

namespace candor::node {

class Instance : public std::enable_shared_from_this<Instance> {
 public:
  // The environment's own; made when it is first asked for.
  [[nodiscard]] static std::shared_ptr<Instance> of(Napi::Env env);

  void add(std::shared_ptr<Client> client);
  void remove(const std::shared_ptr<Client>& client);

  // What makes a JavaScript value of an answer, on the environment's thread.
  using Answer = std::function<Napi::Value(Napi::Env)>;
  using Work = std::function<Answer(Client&)>;
  enum class Lane : std::uint8_t {
    own,     // a thread of its own; ends when its client is closed
    queued,  // in turn with the others, so that of two choices the later one holds
    must,    // the same, and not left undone when the environment ends
  };
  // Runs `work` on another thread and settles the promise with its answer; the event loop goes on
  // as long. Where no thread is to be had, `instead` answers. The promise is never rejected.
  [[nodiscard]] Napi::Promise later(Napi::Env env, Lane lane, std::shared_ptr<Client> client,
                                    Work work, Answer instead);

  // Closes the clients and joins the threads. Touches no JavaScript.
  void end() noexcept;

 private:
  struct Job;
  void start(const std::shared_ptr<Job>& job);
  void work_off() noexcept;
  static void settle(napi_env env, napi_value, void* job, void*) noexcept;

  std::mutex mutex_;
  std::set<std::shared_ptr<Client>> clients_;
  std::set<std::shared_ptr<Job>> jobs_;  // until they are settled
  std::deque<std::shared_ptr<Job>> queue_;
  std::thread clerk_;  // works off the queue, and ends when it is empty
  bool clerk_works_ = false;
  bool ending_ = false;
};

}  // namespace candor::node
