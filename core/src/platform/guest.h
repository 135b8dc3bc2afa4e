// Manners of a guest in somebody's process: its signals and its errno stay its own.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace candor {

// Puts errno back.
class ErrnoKept {
 public:
  ErrnoKept() noexcept : saved_(errno) {}
  ~ErrnoKept() { errno = saved_; }
  ErrnoKept(const ErrnoKept&) = delete;
  ErrnoKept& operator=(const ErrnoKept&) = delete;

 private:
  int saved_;
};

// A thread's signal mask, as large as that of any system that this is built for.
struct SignalMask {
  alignas(std::uint64_t) std::byte bytes[128];
};

// No signal reaches this thread. Threads made meanwhile inherit that: the host's handlers run on
// the host's threads.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  SignalMask before_;
};

// A write to a pipe or socket that nobody reads any more raises SIGPIPE, which would end the host.
// Blocked for this thread only, and swallowed when it was raised meanwhile.
class SigpipeShield {
 public:
  SigpipeShield() noexcept;
  ~SigpipeShield();
  SigpipeShield(const SigpipeShield&) = delete;
  SigpipeShield& operator=(const SigpipeShield&) = delete;

 private:
  bool was_pending_;
  SignalMask before_;
};

}  // namespace candor
