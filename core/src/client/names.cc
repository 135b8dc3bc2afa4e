// The stable names of outcomes, from the table in candor/outcome.h.
#include <cstddef>

#include "candor/outcome.h"

namespace candor {
namespace {

std::string_view name_in_table(std::size_t number, OutcomeKind kind) noexcept {
  if (number == 0) return "none";
  if (number >= kOutcomes.size() || kOutcomes[number].kind != kind) return "unknown";
  return kOutcomes[number].name;
}

}  // namespace

// No default: the compiler then names the enumerator that a switch forgot.
std::string_view name(Result result) noexcept {
  switch (result) {
    case Result::accepted: return "accepted";
    case Result::disabled: return "disabled";
    case Result::rejected: return "rejected";
    case Result::dropped: return "dropped";
  }
  return "unknown";
}

std::string_view name(Code code) noexcept {
  return name_in_table(static_cast<std::size_t>(code), OutcomeKind::code);
}

std::string_view name(Reason reason) noexcept {
  return name_in_table(static_cast<std::size_t>(reason), OutcomeKind::reason);
}

}  // namespace candor
