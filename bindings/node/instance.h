// What this addon keeps for one JavaScript environment (the main thread, or a worker): the clients
// that it opened and the threads that work for it. When the environment or the process ends, its
// clients are closed and its threads joined.
#pragma once

#include <napi.h>

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
  // Runs `work` on a thread of its own and settles the promise with its answer; the event loop goes
  // on as long. Where no thread is to be had, `instead` answers. The promise is never rejected.
  [[nodiscard]] Napi::Promise later(Napi::Env env, std::function<Answer()> work, Answer instead);

  // Closes the clients and joins the threads. Touches no JavaScript.
  void end() noexcept;

 private:
  struct Job;
  static void settle(napi_env env, napi_value, void* job, void*) noexcept;

  std::mutex mutex_;
  std::set<std::shared_ptr<Client>> clients_;
  std::set<std::shared_ptr<Job>> jobs_;
};

}  // namespace candor::node
