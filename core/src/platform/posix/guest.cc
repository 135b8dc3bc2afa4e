#include "platform/guest.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

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

int signal_of(SignalShield::Against against) noexcept {
  return against == SignalShield::Against::closed_pipe ? SIGPIPE : SIGXFSZ;
}

sigset_t only(int signal) noexcept {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  return one;
}

bool is_pending(int signal) noexcept {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, signal) == 1;
}

}  // namespace

SignalsBlocked::SignalsBlocked() noexcept : before_(block(SIG_SETMASK, every_signal())) {}
SignalsBlocked::~SignalsBlocked() { restore(before_); }

SignalShield::SignalShield(Against against) noexcept
    : against_(against),
      was_pending_(is_pending(signal_of(against))),
      before_(block(SIG_BLOCK, only(signal_of(against)))) {}

SignalShield::~SignalShield() {
  if (!was_pending_ && is_pending(signal_of(against_))) {
    const sigset_t ours = only(signal_of(against_));
    int raised = 0;
    ::sigwait(&ours, &raised);
  }
  restore(before_);
}

bool file_size_is_limited() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

CancellationDeferred::CancellationDeferred() noexcept {
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_);
}

CancellationDeferred::~CancellationDeferred() { ::pthread_setcancelstate(before_, nullptr); }

}  // namespace candor
