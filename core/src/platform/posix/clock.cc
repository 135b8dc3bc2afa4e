#include "platform/clock.h"

#include <ctime>

namespace candor {
namespace {

std::int64_t read_ms(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t unix_ms() noexcept { return read_ms(CLOCK_REALTIME); }

std::int64_t steady_ms() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  return read_ms(CLOCK_MONOTONIC_COARSE);
#else
  return read_ms(CLOCK_MONOTONIC);
#endif
}

}  // namespace candor
