#include "client/delivery.h"

#include <chrono>

#include "client/upload_library.h"
#include "platform/guest.h"

namespace candor::client {

Dispatcher::Dispatcher(DeliveryPlan plan) : plan_(std::move(plan)) {}

Dispatcher::~Dispatcher() { stop(); }

void Dispatcher::emitted() noexcept {
  Process& process = *process_;
  const std::uint32_t n = process.emitted.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n == 1) start_timer(process);
  if (n % plan_.flush_at != 0 || process.uploader.load(std::memory_order_relaxed) == nullptr)
    return;
  // Whoever holds the lock starts or ends the uploader; a wake that is missed costs an interval.
  const std::unique_lock lock(process.mutex, std::try_to_lock);
  if (lock && process.uploader != nullptr) process.api.load()->wake(process.uploader);
}

void Dispatcher::start_timer(Process& process) noexcept {
  if (plan_.delivery != Delivery::automatic && plan_.delivery != Delivery::background) return;
  std::lock_guard lock(process.mutex);
  if (process.stopped || process.timer.joinable()) return;
  try {
    const SignalsBlocked blocked;
    process.timer = std::thread([this, &process] { run_timer(process); });
  } catch (...) {
    // No thread to be had: the events wait for another process.
  }
}

void Dispatcher::run_timer(Process& process) noexcept {
  if (plan_.delivery == Delivery::automatic) {
    std::unique_lock lock(process.mutex);
    process.changed.wait_for(lock, std::chrono::milliseconds(plan_.flush_interval_ms),
                             [&] { return process.stopped; });
  }
  // What made this process long-lived has waited an interval already. (Who stops the
  // uploader waits for this thread first.)
  if (start_uploader(process)) process.api.load()->wake(process.uploader.load());
}

bool Dispatcher::start_uploader(Process& process) noexcept try {
  std::lock_guard lock(process.mutex);
  if (process.stopped) return false;
  if (process.uploader.load() != nullptr) return true;
  const candor_upload_api* const api =
      plan_.linked != nullptr ? plan_.linked : load_upload_library(plan_.library);
  process.library_missing = api == nullptr || api->abi != CANDOR_UPLOAD_ABI;
  if (process.library_missing) return false;
  const SignalsBlocked blocked;
  process.api.store(api, std::memory_order_relaxed);
  process.uploader.store(api->start(plan_.detach.job.data(), plan_.detach.job.size()),
                         std::memory_order_release);
  return process.uploader.load() != nullptr;
} catch (...) { return false; }

bool Dispatcher::flush(std::int32_t timeout_ms) noexcept {
  Process& process = *process_;
  if (!start_uploader(process)) return false;
  std::unique_lock lock(process.mutex);
  if (process.stopped) return false;
  candor_uploader* const uploader = process.uploader;
  const candor_upload_api* const api = process.api;
  ++process.flushing;
  lock.unlock();
  const bool drained = api->flush(uploader, timeout_ms, 1) == 1;
  lock.lock();
  --process.flushing;
  process.changed.notify_all();
  return drained;
}

void Dispatcher::stop() noexcept {
  Process& process = *process_;
  std::thread timer;
  {
    std::lock_guard lock(process.mutex);
    process.stopped = true;
    timer.swap(process.timer);
  }
  process.changed.notify_all();
  if (timer.joinable()) timer.join();
  candor_uploader* uploader = nullptr;
  {
    std::unique_lock lock(process.mutex);
    uploader = process.uploader.exchange(nullptr);
    if (uploader != nullptr) process.api.load()->cancel(uploader);
    process.changed.wait(lock, [&] { return process.flushing == 0; });
  }
  if (uploader != nullptr) process.api.load()->stop(uploader);
  const bool may_detach =
      plan_.delivery == Delivery::automatic || plan_.delivery == Delivery::detached;
  if (may_detach && process.emitted.exchange(0) != 0) start_detached(plan_.detach);
}

}  // namespace candor::client
