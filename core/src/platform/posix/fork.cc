#include "platform/fork.h"

#include <unistd.h>

#include "platform/posix/page.h"

namespace candor {

ForkSentinel::ForkSentinel() noexcept : page_(map_page_wiped_on_fork()) { rearm(); }

ForkSentinel::~ForkSentinel() { unmap_page(page_); }

bool ForkSentinel::forked() const noexcept {
  if (page_ != nullptr) return __atomic_load_n(page_, __ATOMIC_ACQUIRE) != kOurs;
  return pid_.load(std::memory_order_acquire) != ::getpid();
}

bool ForkSentinel::claim() noexcept {
  if (page_ != nullptr) {
    std::uint64_t wiped = kWiped;
    return __atomic_compare_exchange_n(page_, &wiped, kClaimed, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
  }
  int parent = pid_.load();
  return parent != ::getpid() && parent != 0 && pid_.compare_exchange_strong(parent, 0);
}

void ForkSentinel::rearm() noexcept {
  if (page_ != nullptr) __atomic_store_n(page_, kOurs, __ATOMIC_RELEASE);
  pid_.store(::getpid(), std::memory_order_release);
}

}  // namespace candor
