#include "client/exit_gate.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace candor::client {
namespace {

constexpr int kWaitMs = 5000;

// For the whole process, because its exit is. Atomics only: a fork may find any lock taken.
constinit std::atomic<bool> ending{false};
// The loads under way, below the id of their process: a forked child has none of its parent's.
constinit std::atomic<std::uint64_t> loads{0};

std::uint64_t loads_here(std::uint64_t value) noexcept {
  const std::uint64_t here = static_cast<std::uint64_t>(::getpid()) << 32;
  return value >> 32 == here >> 32 ? value : here;
}

void count(std::uint64_t change) noexcept {
  std::uint64_t known = loads.load();
  while (!loads.compare_exchange_weak(known, loads_here(known) + change)) {}
}

extern "C" void wait_for_loads() {
  ending = true;
  for (int i = 0; i < kWaitMs && (loads_here(loads) & 0xffff'ffff) != 0; ++i) {
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

ExitGate::ExitGate() noexcept {
  // Registered as late as possible: an exit handler runs before those that were registered earlier,
  // and must run before that of an OpenSSL which the host initialised.
  static const bool registered = std::atexit(wait_for_loads) == 0;
  count(1);
  // Counted first, asked then: the handler does the two the other way round.
  passed_ = registered && !ending;
}

ExitGate::~ExitGate() { count(~std::uint64_t{0}); }

}  // namespace candor::client
