#include "platform/random.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <ctime>

#include "platform/clock.h"

namespace candor {
namespace {

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

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

std::uint64_t random_u64() noexcept {
  std::uint64_t value = 0;
  fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

UuidText uuid4() noexcept {
  std::array<std::byte, 16> random{};
  fill_random(random);
  UuidText text{};
  format_uuid4(random, text);
  return text;
}

UuidText uuid7(std::int64_t unix_ms) noexcept {
  std::array<std::byte, 10> random{};
  fill_random(random);
  UuidText text{};
  format_uuid7(unix_ms, random, text);
  return text;
}

ForkSentinel::ForkSentinel() noexcept {
#ifdef MADV_WIPEONFORK
  void* page =
      ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) {
    if (::madvise(page, page_bytes(), MADV_WIPEONFORK) == 0) {
      page_ = static_cast<std::uint64_t*>(page);
    } else {
      ::munmap(page, page_bytes());
    }
  }
#endif
  rearm();
}

ForkSentinel::~ForkSentinel() {
  if (page_ != nullptr) ::munmap(page_, page_bytes());
}

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
