#include "platform/guest.h"

#include <pthread.h>
#include <signal.h>

#include <cstring>

namespace candor {
namespace {

static_assert(sizeof(sigset_t) <= sizeof(SignalMask));

// Blocks `these` and returns what was blocked before.
SignalMask block(int how, const sigset_t& these) noexcept {
  sigset_t before;
  ::pthread_sigmask(how, &these, &before);
  SignalMask mask{};
  std::memcpy(&mask, &before, sizeof before);
  return mask;
}

void restore(const SignalMask& mask) noexcept {
  sigset_t before;
  std::memcpy(&before, &mask, sizeof before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

sigset_t every_signal() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  return all;
}

sigset_t pipe_signal() noexcept {
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  return pipe;
}

bool is_pipe_signal_pending() noexcept {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

SignalsBlocked::SignalsBlocked() noexcept : before_(block(SIG_SETMASK, every_signal())) {}
SignalsBlocked::~SignalsBlocked() { restore(before_); }

SigpipeShield::SigpipeShield() noexcept
    : was_pending_(is_pipe_signal_pending()), before_(block(SIG_BLOCK, pipe_signal())) {}

SigpipeShield::~SigpipeShield() {
  if (!was_pending_ && is_pipe_signal_pending()) {
    const sigset_t pipe = pipe_signal();
    int signal = 0;
    ::sigwait(&pipe, &signal);
  }
  restore(before_);
}

}  // namespace candor
