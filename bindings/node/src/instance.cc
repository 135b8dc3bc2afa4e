#include "instance.h"

#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include "../../quiet_thread.h"

namespace candor::node {
namespace {

// A return from main ends the environment first. process.exit and an uncaught exception do not:
// there the C library's exit is all that runs.
class Instances {
 public:
  void add(const std::shared_ptr<Instance>& instance) {
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [](const auto& one) { return one.expired(); });
    all_.push_back(instance);
  }
  void end() noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& one : all_) {
      if (const auto instance = one.lock()) instance->end();
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Instance>> all_;
};

// Never destroyed: threads may look at it while the process ends.
Instances& instances() {
  static auto* const made = [] {
    auto* const fresh = new Instances;
    std::atexit([] { instances().end(); });
    return fresh;
  }();
  return *made;
}

}  // namespace

struct Instance::Job {
  std::shared_ptr<Instance> instance;
  Lane lane;
  std::shared_ptr<Client> client;
  Napi::Promise::Deferred promise;
  Work work;
  Answer answer;
  napi_threadsafe_function settled = nullptr;
  std::thread thread;  // of the lane `own`

  void run(bool wanted) noexcept {
    try {
      if (wanted) answer = work(*client);
    } catch (...) {  // no memory: `answer` is still what it was to be instead
    }
    // When the environment is ending, the function is gone with this call.
    if (napi_call_threadsafe_function(settled, nullptr, napi_tsfn_blocking) != napi_closing) {
      napi_release_threadsafe_function(settled, napi_tsfn_release);
    }
  }
};

std::shared_ptr<Instance> Instance::of(Napi::Env env) {
  using Holder = std::shared_ptr<Instance>;
  if (const auto* known = env.GetInstanceData<Holder>()) return *known;
  auto* const made = new Holder(std::make_shared<Instance>());
  env.SetInstanceData(made);
  instances().add(*made);
  env.AddCleanupHook([instance = *made] { instance->end(); });
  return *made;
}

void Instance::add(std::shared_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  clients_.insert(std::move(client));
}

void Instance::remove(const std::shared_ptr<Client>& client) {
  const std::lock_guard lock(mutex_);
  clients_.erase(client);
}

Napi::Promise Instance::later(Napi::Env env, Lane lane, std::shared_ptr<Client> client, Work work,
                              Answer instead) {
  auto job =
      std::make_shared<Job>(Job{shared_from_this(), lane, std::move(client),
                                Napi::Promise::Deferred::New(env), std::move(work), instead});
  const auto promise = job->promise.Promise();
  napi_value name = Napi::String::New(env, "candor");
  const napi_status made =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                      job.get(), &Instance::settle, &job->settled);
  if (made != napi_ok) {
    job->promise.Resolve(instead(env));
    return promise;
  }
  try {
    start(job);
  } catch (const std::system_error&) {
    napi_release_threadsafe_function(job->settled, napi_tsfn_release);
    job->promise.Resolve(instead(env));
  }
  return promise;
}

void Instance::start(const std::shared_ptr<Job>& job) {
  const std::lock_guard lock(mutex_);
  if (job->lane == Lane::own) {
    job->thread = quiet_thread([job = job.get()] { job->run(true); });
  } else {
    if (!clerk_works_) {
      if (clerk_.joinable()) clerk_.join();
      clerk_ = quiet_thread([this] { work_off(); });
      clerk_works_ = true;
    }
    queue_.push_back(job);
  }
  jobs_.insert(job);
}

void Instance::work_off() noexcept {
  for (;;) {
    std::shared_ptr<Job> job;  // which may be settled before it has returned
    bool wanted = true;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        clerk_works_ = false;
        return;
      }
      job = std::move(queue_.front());
      queue_.pop_front();
      wanted = !ending_ || job->lane == Lane::must;
    }
    job->run(wanted);
  }
}

void Instance::settle(napi_env env, napi_value, void* context, void*) noexcept {
  if (env == nullptr) return;  // the environment is ending, and end() has joined the thread
  auto* const done = static_cast<Job*>(context);
  const std::shared_ptr<Instance> instance = done->instance;
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(instance->mutex_);
    for (const auto& one : instance->jobs_) {
      if (one.get() == done) job = one;
    }
    if (job == nullptr) return;
    instance->jobs_.erase(job);
  }
  if (job->thread.joinable()) job->thread.join();
  try {
    const Napi::HandleScope scope(env);
    job->promise.Resolve(job->answer(env));
  } catch (...) {
    // The environment lets nothing be called any more.
  }
}

void Instance::end() noexcept {
  std::set<std::shared_ptr<Client>> clients;
  std::set<std::shared_ptr<Job>> jobs;
  std::thread clerk;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    clients.swap(clients_);
    jobs = jobs_;
    clerk.swap(clerk_);
  }
  // A job's client may be nobody's any more but the job's.
  for (const auto& job : jobs) clients.insert(job->client);
  // The choices first, so that a client's close finds what they left.
  if (clerk.joinable()) clerk.join();
  for (const auto& client : clients) client->close();  // ends the flushes, too
  for (const auto& job : jobs) {
    if (job->thread.joinable()) job->thread.join();
  }
}

}  // namespace candor::node
