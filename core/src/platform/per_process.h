// State that a forked child must not share with its parent: locks, threads, file locks, random
// sequences. In a child, the first use finds a fresh T; the parent's copy is left as the fork found
// it (a lock in it may be held by a thread that doesn't exist here), but for what T::abandon()
// lets go of.
#pragma once

#include <atomic>
#include <new>
#include <thread>

#include "platform/fork.h"

namespace candor {

template <typename T>
class PerProcess {
 public:
  PerProcess() : current_(new T) {}
  ~PerProcess() { delete current_.load(); }
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

  // Any thread; one load more than a plain member where nothing was forked.
  [[nodiscard]] T& operator*() noexcept {
    if (sentinel_.forked()) start_anew();
    return *current_.load(std::memory_order_acquire);
  }
  [[nodiscard]] T* operator->() noexcept { return &**this; }

 private:
  void start_anew() noexcept {
    if (!sentinel_.claim()) {  // another thread of the child is at it
      while (sentinel_.forked()) std::this_thread::yield();
      return;
    }
    // Without memory for a fresh one the old one must do.
    if (T* const fresh = new (std::nothrow) T) current_.exchange(fresh)->abandon();
    sentinel_.rearm();
  }

  ForkSentinel sentinel_;
  std::atomic<T*> current_;
};

}  // namespace candor
