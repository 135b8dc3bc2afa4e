// Manners of a guest in somebody's process: its signals, its errno and its threads' cancellation
// stay its own.
#pragma once

#include <atomic>
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

// A signal that the kernel sends this thread for what it writes, and that would end the host:
// blocked for this thread only, and swallowed when it was raised meanwhile. What was written says
// so too.
class SignalShield {
 public:
  enum class Against : std::uint8_t {
    closed_pipe,  // SIGPIPE: nobody reads the pipe or socket any more
    file_size,    // SIGXFSZ: the file would be larger than the process may make one
  };
  explicit SignalShield(Against against) noexcept;
  ~SignalShield();
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;

 private:
  const Against against_;
  bool was_pending_;
  SignalMask before_;
};

// Whether a file of this process may only grow to a limit (ulimit -f).
[[nodiscard]] bool file_size_is_limited() noexcept;

// Runs what may make a file larger than that: the error that comes back is enough.
template <typename Work>
auto within_file_limits(Work work) noexcept {
  if (!file_size_is_limited()) return work();
  const SignalShield shield(SignalShield::Against::file_size);
  return work();
}

// A cancellation of this thread (pthread_cancel) waits: it would unwind through functions that are
// noexcept, which ends the process. Costs as much as a fifth of an emit, so it belongs around what
// makes system calls and around the host's callbacks; nothing else is a cancellation point.
class CancellationDeferred {
 public:
  CancellationDeferred() noexcept;
  ~CancellationDeferred();
  CancellationDeferred(const CancellationDeferred&) = delete;
  CancellationDeferred& operator=(const CancellationDeferred&) = delete;

 private:
  int before_ = 0;
};

// Whether this thread is inside of the library, where it may hold a lock. A signal handler of the
// host that calls in meanwhile must not wait for that lock.
class Inside {
 public:
  Inside() noexcept : mark_(mark()), outermost_(!mark_) { set(true); }
  ~Inside() {
    if (outermost_) set(false);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  // False in a signal handler that interrupted the library.
  [[nodiscard]] bool outermost() const noexcept { return outermost_; }

 private:
  friend class Outside;
  static bool& mark() noexcept {
    static constinit thread_local bool inside = false;
    return inside;
  }
  void set(bool to) noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    mark_ = to;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  bool& mark_;
  const bool outermost_;
};

// Around a callback of the host, which may call in again: no lock is held there.
class Outside {
 public:
  Outside() noexcept : mark_(Inside::mark()), before_(mark_) { mark_ = false; }
  ~Outside() { mark_ = before_; }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  const CancellationDeferred uncancelled_;
  bool& mark_;
  const bool before_;
};

}  // namespace candor
