// What became of events: the counts that Client::stats() answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "candor/outcome.h"

namespace candor {

// The counts of one event, or of all of them. Every event that emit ever judged is counted at
// exactly one number of kOutcomes, so captured() = delivered() + pending() + dropped(). While the
// disk takes no segment, counts live in their process: its own stats() has them, and if it ends
// before a segment could be made, they are lost.
struct Counts {
  std::array<std::uint64_t, kOutcomes.size()> by_number{};

  [[nodiscard]] constexpr std::uint64_t pending() const noexcept { return by_number[0]; }
  [[nodiscard]] constexpr std::uint64_t delivered() const noexcept { return by_number[1]; }
  [[nodiscard]] constexpr std::uint64_t of(Code code) const noexcept {
    return code == Code::none ? 0 : by_number[static_cast<std::size_t>(code)];
  }
  [[nodiscard]] constexpr std::uint64_t of(Reason reason) const noexcept {
    return reason == Reason::none ? 0 : by_number[static_cast<std::size_t>(reason)];
  }
  // Events that were neither kept nor delivered: rejected ones (by their Code) and lost ones
  // (by their Reason).
  [[nodiscard]] constexpr std::uint64_t dropped() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 2; i < by_number.size(); ++i) sum += by_number[i];
    return sum;
  }
  [[nodiscard]] constexpr std::uint64_t captured() const noexcept {
    return pending() + delivered() + dropped();
  }

  constexpr Counts& operator+=(const Counts& other) noexcept {
    for (std::size_t i = 0; i < by_number.size(); ++i) by_number[i] += other.by_number[i];
    return *this;
  }
};

// The counts of one spool, over all processes and since its beginning.
struct Ledger {
  struct Spool {
    std::uint64_t bytes = 0;  // on disk
    std::uint32_t segments = 0;
  };

  // By the event's name, valid UTF-8; "(unknown)" counts events that the catalog doesn't know.
  std::map<std::string, Counts, std::less<>> events;
  Counts total;
  Spool spool;
};

}  // namespace candor
