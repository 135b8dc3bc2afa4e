// Recognises a fork.
#pragma once

#include <atomic>
#include <cstdint>

namespace candor {

// Recognises that this process is the child of a fork: nothing that the parent held (random bytes,
// locks, threads) may be used then. Costs one load where the kernel can wipe a page on fork
// (Linux 4.14), else a getpid().
class ForkSentinel {
 public:
  ForkSentinel() noexcept;
  ~ForkSentinel();
  ForkSentinel(const ForkSentinel&) = delete;
  ForkSentinel& operator=(const ForkSentinel&) = delete;
  // True once the process is not the one that constructed or last rearmed this.
  [[nodiscard]] bool forked() const noexcept;
  // True for one of the threads that find it forked: that one rearms it.
  [[nodiscard]] bool claim() noexcept;
  void rearm() noexcept;

 private:
  // In the page: kOurs, or what the kernel left of it in a child, or that one is being claimed.
  static constexpr std::uint64_t kWiped = 0, kOurs = 1, kClaimed = 2;
  std::uint64_t* page_ = nullptr;
  std::atomic<int> pid_ = 0;
};

}  // namespace candor
