// What emit answers.
#pragma once

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

// Why an event was rejected. The numbers are stored in spool files, where 0 and 1 count
// pending and delivered events: append only, never renumber.
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

// Why a valid event was lost. Numbered after Code, because both count in one
// table of the spool; append only.
enum class Reason : std::uint8_t {
  none = 0,
  spool_full = 16,  // a spool limit was reached and nothing could make room
  too_old = 17,     // it waited longer than spool_age_max_days
  opted_out = 18,   // consent was withdrawn while it waited
  refused = 19,     // the server said no to this event
  oversize = 20,    // the server finds even this single event too large
  disk_error = 21,  // the spool could not be written
  corrupt = 22,     // its record was damaged on disk
};

// An encoded event never exceeds this many bytes.
inline constexpr std::size_t kEventBytesMax = 1024 * 1024 - 4096;

struct Outcome {
  Result result = Result::accepted;
  Code code = Code::none;        // set when rejected
  Reason reason = Reason::none;  // set when dropped
  // The offending field when rejected: `errorClass`, `connectors[2].driver`.
  // At most 128 bytes of valid UTF-8. Never a value.
  std::string field;

  [[nodiscard]] explicit operator bool() const noexcept { return result == Result::accepted; }
};

// The stable lower-case name: "accepted", "too_long", "spool_full".
CANDOR_EXPORT std::string_view name(Result) noexcept;
CANDOR_EXPORT std::string_view name(Code) noexcept;
CANDOR_EXPORT std::string_view name(Reason) noexcept;

}  // namespace candor
