// One event in, its canonical bytes out: validation against the catalog and
// encoding in the same pass over precomputed tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "candor/event.h"
#include "candor/options.h"
#include "candor/outcome.h"
#include "catalog/catalog.h"
#include "event/buffer.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "redact/redact.h"

namespace candor::event {

// What the core puts on an event beside the caller's fields.
struct Stamp {
  std::int64_t unix_ms = 0;
  UuidText uuid{};
};

// Gives an envelope source's value, or nothing when the host did not supply it.
using SourceLookup = std::function<std::optional<SourceValue>(std::string_view source)>;

class Encoder {
 public:
  // Evaluates the envelope once. `runtime` decides wrong_runtime. The catalog is
  // shared, so the encoder may keep views into it. An envelope value that is missing or
  // breaks its own field makes every encode answer that rejection. `secrets`, which may be null,
  // are taken out of diagnostic text beside what redaction knows by itself.
  Encoder(std::shared_ptr<const catalog::Catalog> catalog, std::string_view runtime,
          const SourceLookup& sources, std::shared_ptr<const redact::Literals> secrets = nullptr);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Index of the event in the catalog, or -1. Two loads and one compare in the usual case.
  [[nodiscard]] int find(std::string_view event) const noexcept;

  // Appends {"event":..,"uuid":..,"timestamp":..,"properties":{..}} to `out`.
  // Only rejected outcomes and accepted. The checks run in this order, so that
  // every language reports the same code and field: the event's name, its
  // runtime, the envelope; then names in the caller's order (unknown_field,
  // duplicate_field); then fields in catalog order, each with its own checks
  // (missing_field, wrong_type, not_finite, out_of_range, invalid_utf8,
  // too_long, bad_pattern, not_in_enum, too_many); too_large last.
  // Thread-safe; allocates only when rejecting, redacting, sorting a map of over 128 entries,
  // or past the buffer's inline room.
  Outcome encode(int event, std::span<const Field> fields, const Stamp& stamp,
                 Buffer& out) const noexcept;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

// ECMAScript's Number::toString (RFC 8785 section 3.2.2.3). `value` is finite.
// Returns the bytes written, at most kNumberBytesMax.
inline constexpr std::size_t kNumberBytesMax = 32;
std::size_t write_number(double value, char* to) noexcept;

}  // namespace candor::event
