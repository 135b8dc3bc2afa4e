// What emit answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "candor/export.h"

namespace candor {

enum class Result : std::uint8_t {
  accepted,  // The event is in the spool; it survives the death of this process.
             // Under PREFIX_TELEMETRY_DEBUG it was printed instead, on or off.
  disabled,  // Telemetry is off; nothing was looked at and nothing was written.
  rejected,  // The event breaks the catalog; `code` and `field` say how.
  dropped,   // The event was valid but could not be kept; `reason` says why.
};

// Why an event was rejected. The numbers are stored in spool files: kOutcomes lists them all.
enum class Code : std::uint8_t {
  none = 0,
  unknown_event = 2,    // the catalog has no event of that name
  unknown_field = 3,    // the event has no field of that name
  duplicate_field = 4,  // the same field was given twice
  missing_field = 5,    // a required field is absent (or null)
  wrong_type = 6,       // e.g. text for a number; a boolean is never a number
  out_of_range = 7,     // below min, above max, or beyond +-(2^53-1)
  not_finite = 8,       // NaN or an infinity
  too_long = 9,         // a string over max_length code points
  too_many = 10,        // an array or map outside its bounds
  invalid_utf8 = 11,    // also a lone surrogate
  not_in_enum = 12,
  bad_pattern = 13,
  wrong_runtime = 14,  // the event is not for this runtime
  too_large = 15,      // the encoded event is over kEventBytesMax
};

// Why a valid event was lost. Shares its numbers with Code.
enum class Reason : std::uint8_t {
  none = 0,
  spool_full = 16,   // a spool limit was reached and nothing could make room
  too_old = 17,      // it waited longer than spool_age_max_days
  opted_out = 18,    // consent was withdrawn while it waited
  refused = 19,      // the server said no to this event
  oversize = 20,     // the server finds even this single event too large
  disk_error = 21,   // the spool could not be written
  corrupt = 22,      // its record was damaged on disk
  interrupted = 23,  // a signal handler emitted it, having interrupted the library (client.h)
};

// The numbers that a ledger counts by, of one table for codes and reasons alike.
enum class OutcomeKind : std::uint8_t {
  state,       // the event was kept: pending, delivered
  code,        // it was rejected; the number is a Code's
  reason,      // it was lost; the number is a Reason's
  unassigned,  // free for the next code or reason; a newer version may count by it
};

struct OutcomeRow {
  std::uint8_t number = 0;
  OutcomeKind kind = OutcomeKind::unassigned;
  std::string_view name;  // stable, lower case

  constexpr OutcomeRow(std::uint8_t row, OutcomeKind what, std::string_view text) noexcept
      : number(row), kind(what), name(text) {}
  constexpr OutcomeRow(Code code, std::string_view text) noexcept
      : OutcomeRow(static_cast<std::uint8_t>(code), OutcomeKind::code, text) {}
  constexpr OutcomeRow(Reason reason, std::string_view text) noexcept
      : OutcomeRow(static_cast<std::uint8_t>(reason), OutcomeKind::reason, text) {}
};

// The row of a number is at its index. A number never changes its meaning, for it is stored in
// spool files; a new code or reason takes the first unassigned one.
inline constexpr std::array<OutcomeRow, 28> kOutcomes{{
    {0, OutcomeKind::state, "pending"},
    {1, OutcomeKind::state, "delivered"},
    {Code::unknown_event, "unknown_event"},
    {Code::unknown_field, "unknown_field"},
    {Code::duplicate_field, "duplicate_field"},
    {Code::missing_field, "missing_field"},
    {Code::wrong_type, "wrong_type"},
    {Code::out_of_range, "out_of_range"},
    {Code::not_finite, "not_finite"},
    {Code::too_long, "too_long"},
    {Code::too_many, "too_many"},
    {Code::invalid_utf8, "invalid_utf8"},
    {Code::not_in_enum, "not_in_enum"},
    {Code::bad_pattern, "bad_pattern"},
    {Code::wrong_runtime, "wrong_runtime"},
    {Code::too_large, "too_large"},
    {Reason::spool_full, "spool_full"},
    {Reason::too_old, "too_old"},
    {Reason::opted_out, "opted_out"},
    {Reason::refused, "refused"},
    {Reason::oversize, "oversize"},
    {Reason::disk_error, "disk_error"},
    {Reason::corrupt, "corrupt"},
    {Reason::interrupted, "interrupted"},
    {24, OutcomeKind::unassigned, "unassigned_24"},
    {25, OutcomeKind::unassigned, "unassigned_25"},
    {26, OutcomeKind::unassigned, "unassigned_26"},
    {27, OutcomeKind::unassigned, "unassigned_27"},
}};

namespace detail {
constexpr bool outcomes_are_in_order() noexcept {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes[i].number != i || kOutcomes[i].name.empty()) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (kOutcomes[j].name == kOutcomes[i].name) return false;
    }
  }
  return true;
}
}  // namespace detail
static_assert(detail::outcomes_are_in_order());

// An encoded event never exceeds this many bytes.
inline constexpr std::size_t kEventBytesMax = 1024 * 1024 - 4096;

struct Outcome {
  Result result = Result::accepted;
  Code code = Code::none;        // set when rejected
  Reason reason = Reason::none;  // set when dropped
  // The offending field when rejected: `errorClass`, `connectors[2].driver`.
  // At most 128 bytes of valid UTF-8. Never a value.
  std::string field;
  // The event's id when accepted, if EmitOptions::return_uuid asked for it; else empty.
  std::string uuid;

  [[nodiscard]] explicit operator bool() const noexcept { return result == Result::accepted; }
};

// The stable lower-case name: "accepted", "too_long", "spool_full".
CANDOR_EXPORT std::string_view name(Result) noexcept;
CANDOR_EXPORT std::string_view name(Code) noexcept;
CANDOR_EXPORT std::string_view name(Reason) noexcept;

}  // namespace candor
