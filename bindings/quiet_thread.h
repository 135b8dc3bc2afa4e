// What the languages' bindings have in common: a thread that no signal reaches, so that the host's
// handlers run on the host's threads.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace candor {

// Throws std::system_error when there is no thread to be had.
template <typename Work>
[[nodiscard]] std::thread quiet_thread(Work&& work) {
  // A new thread inherits what is blocked here meanwhile.
  class SignalsBlocked {
   public:
    SignalsBlocked() noexcept {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

   private:
    sigset_t before_;
  };
  const SignalsBlocked blocked;
  return std::thread(std::forward<Work>(work));
}

}  // namespace candor
