#include "client/delivery.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/beside.h"
#include "client/exit_gate.h"
#include "client/upload_library.h"
#include "platform/clock.h"
#include "platform/guest.h"

namespace candor::client {
namespace {

using std::chrono::milliseconds;

// How long a stop waits for a thread of ours. Loading takes some 50 ms; longer means that the
// thread waits for the loader's lock, which the caller holds in a static constructor.
constexpr milliseconds kStopWait{1000};

}  // namespace

Dispatcher::Dispatcher(DeliveryPlan plan)
    : plan_(std::make_shared<const DeliveryPlan>(std::move(plan))) {}

Dispatcher::~Dispatcher() { stop(); }

void Dispatcher::emitted() noexcept {
  const std::shared_ptr<State>& state = process_->state;
  const std::uint32_t n = state->emitted.fetch_add(1, std::memory_order_relaxed) + 1;
  const DeliveryPolicy::Step step = plan_->policy.accepted(n);
  if (step == DeliveryPolicy::Step::nothing) return;
  if (n == 1) start_timer(state);
  if (step != DeliveryPolicy::Step::wake) return;
  const std::lock_guard lock(state->mutex);
  if (state->uploader != nullptr) state->api->wake(state->uploader);
  state->changed.notify_all();
}

void Dispatcher::start_timer(const std::shared_ptr<State>& state) noexcept {
  const std::lock_guard lock(state->mutex);
  if (state->stopped || state->timer.joinable()) return;
  try {
    const SignalsBlocked blocked;
    state->timer = std::thread([plan = plan_, state] { run_timer(*plan, *state); });
    state->timing = true;
  } catch (...) {
    // No thread to be had: the events wait for another process.
  }
}

void Dispatcher::run_timer(const DeliveryPlan& plan, State& state) noexcept {
  const DeliveryPolicy& policy = plan.policy;
  const std::int64_t begun_ms = steady_ms();
  {
    std::unique_lock lock(state.mutex);
    for (;;) {
      const std::int64_t now_ms = steady_ms();
      if (state.stopped || policy.is_due(begun_ms, now_ms, state.emitted.load())) break;
      state.changed.wait_for(lock, milliseconds(policy.wait_ms(begun_ms, now_ms)));
    }
  }
  const bool started = start_uploader(plan, state, INT64_MAX);
  const std::lock_guard lock(state.mutex);
  // What made the uploader due has waited long enough.
  if (started && state.uploader != nullptr) state.api->wake(state.uploader);
  state.timing = false;
  state.changed.notify_all();
}

bool Dispatcher::start_uploader(const DeliveryPlan& plan, State& state,
                                std::int64_t deadline_ms) noexcept try {
  {
    std::unique_lock lock(state.mutex);
    const auto may_look = [&] { return state.stopped || !state.loading; };
    while (!may_look()) {
      const std::int64_t left = deadline_ms - steady_ms();
      if (left <= 0) return false;
      state.changed.wait_for(lock, milliseconds(std::min<std::int64_t>(left, 1000)));
    }
    if (state.stopped) return false;
    if (state.uploader != nullptr) return true;
    state.loading = true;
  }
  // Under no lock of ours: the loader's own may be held by a thread that waits for one of them.
  const candor_upload_api* api = nullptr;
  candor_uploader* uploader = nullptr;
  const ExitGate gate;
  if (gate.passed()) {
    api = plan.linked != nullptr ? plan.linked : load_upload_library(plan.library);
    state.library_missing = api == nullptr || api->abi != CANDOR_UPLOAD_ABI;
    if (!state.library_missing) {
      const SignalsBlocked blocked;
      uploader = api->start(plan.detach.job.data(), plan.detach.job.size(),
                            plan.policy.by_interval() ? 1 : 0);
    }
  }
  std::unique_lock lock(state.mutex);
  state.loading = false;
  const bool unwanted = state.stopped;
  if (!unwanted) {
    state.api = api;
    state.uploader = uploader;
  }
  state.changed.notify_all();
  lock.unlock();
  if (unwanted && uploader != nullptr) api->stop(uploader);
  return !unwanted && uploader != nullptr;
} catch (...) {
  // Only a lock or an allocation of ours throws, and then there is no uploader to wait for.
  const std::lock_guard lock(state.mutex);
  state.loading = false;
  return false;
}

bool Dispatcher::flush(std::int32_t timeout_ms, candor_flush_result& result) noexcept {
  const std::shared_ptr<State> state = process_->state;
  const std::int64_t begun_ms = steady_ms();
  {
    const std::lock_guard lock(state->mutex);
    ++state->flushing;
  }
  // An uploader that has just been started gets a moment to send, even of a short timeout.
  bool started = start_uploader(*plan_, *state, begun_ms + timeout_ms);
  candor_uploader* uploader = nullptr;
  const candor_upload_api* api = nullptr;
  {
    const std::lock_guard lock(state->mutex);
    uploader = state->uploader;
    api = state->api;
    started = started && !state->stopped && uploader != nullptr;
  }
  if (started) api->flush(uploader, timeout_ms, 1, &result);
  const std::lock_guard lock(state->mutex);
  --state->flushing;
  state->changed.notify_all();
  return started;
}

bool Dispatcher::stop() noexcept {
  const std::shared_ptr<State> state = process_->state;
  candor_uploader* uploader = nullptr;
  std::thread timer;
  bool ended = false;
  bool unused = false;
  {
    std::unique_lock lock(state->mutex);
    state->stopped = true;
    state->changed.notify_all();
    timer.swap(state->timer);
    uploader = std::exchange(state->uploader, nullptr);
    if (uploader != nullptr) state->api->cancel(uploader);
    ended = state->changed.wait_for(lock, kStopWait, [&] { return !state->timing; });
    unused = state->changed.wait_for(lock, kStopWait, [&] { return state->flushing == 0; });
  }
  if (timer.joinable()) {
    if (ended) {
      timer.join();
    } else {
      keep_this_code();
      timer.detach();
    }
  }
  if (uploader != nullptr && unused) state->api->stop(uploader);
  return plan_->policy.detaches(state->emitted.exchange(0));
}

}  // namespace candor::client
