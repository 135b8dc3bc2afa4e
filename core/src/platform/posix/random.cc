#include "platform/random.h"

#include <sys/random.h>
#include <unistd.h>

#include <ctime>

#include "platform/clock.h"

namespace candor {
namespace {

// For a sandbox that forbids getentropy: ids stay distinct, if guessable.
void weak_random(std::span<std::byte> to) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  std::uint64_t state =
      static_cast<std::uint64_t>(now.tv_nsec) << 32 ^ static_cast<std::uint64_t>(unix_ms()) << 20 ^
      static_cast<std::uint64_t>(::getpid()) << 8 ^ reinterpret_cast<std::uintptr_t>(&now);
  for (std::byte& byte : to) {  // splitmix64
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    byte = static_cast<std::byte>(z >> 56);
  }
}

}  // namespace

void fill_random(std::span<std::byte> to) noexcept {
  constexpr std::size_t kEntropyCallMax = 256;  // getentropy(3)
  while (!to.empty()) {
    const std::size_t n = to.size() < kEntropyCallMax ? to.size() : kEntropyCallMax;
    if (::getentropy(to.data(), n) != 0) weak_random(to.first(n));
    to = to.subspan(n);
  }
}

}  // namespace candor
