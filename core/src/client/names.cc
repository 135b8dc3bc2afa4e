// The stable names of outcomes.
#include "candor/outcome.h"

namespace candor {

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
  switch (code) {
    case Code::none: return "none";
    case Code::unknown_event: return "unknown_event";
    case Code::unknown_field: return "unknown_field";
    case Code::duplicate_field: return "duplicate_field";
    case Code::missing_field: return "missing_field";
    case Code::wrong_type: return "wrong_type";
    case Code::out_of_range: return "out_of_range";
    case Code::not_finite: return "not_finite";
    case Code::too_long: return "too_long";
    case Code::too_many: return "too_many";
    case Code::invalid_utf8: return "invalid_utf8";
    case Code::not_in_enum: return "not_in_enum";
    case Code::bad_pattern: return "bad_pattern";
    case Code::wrong_runtime: return "wrong_runtime";
    case Code::too_large: return "too_large";
  }
  return "unknown";
}

std::string_view name(Reason reason) noexcept {
  switch (reason) {
    case Reason::none: return "none";
    case Reason::spool_full: return "spool_full";
    case Reason::too_old: return "too_old";
    case Reason::opted_out: return "opted_out";
    case Reason::refused: return "refused";
    case Reason::oversize: return "oversize";
    case Reason::disk_error: return "disk_error";
    case Reason::corrupt: return "corrupt";
  }
  return "unknown";
}

}  // namespace candor
