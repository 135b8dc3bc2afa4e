// The layout of a segment, as docs/spool-format.md tells it, and the walk over its records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "spool/spool.h"

namespace candor::spool {

inline constexpr char kMagic[8] = {'C', 'A', 'N', 'D', 'O', 'R', 'S', 'G'};
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint8_t kRecordMark = 0xC5;
inline constexpr std::size_t kRecordAlign = 8;
// Labels of one segment. A writer takes them as it needs them, and another segment when they are
// used up.
inline constexpr std::size_t kSegmentLabelsMax = 64;
// A segment is never larger: the largest label table, and the largest record.
inline constexpr std::uint64_t kSegmentBytesMax = 4u << 20;

// Far apart, so that no single flipped bit turns one into another; an unknown state reads as
// sealed.
enum class State : std::uint32_t {
  open = 0,
  sealed = 0x4C414553,  // "SEAL"
  tomb = 0x424D4F54,    // "TOMB"
  purged = 0x47525550,  // "PURG"
};

// What is fixed when a segment is made. Stored twice: without the seed no record could be told.
struct Fixed {
  char magic[8];
  std::uint32_t version;
  std::uint32_t labels;  // entries of the label table
  std::uint64_t file_bytes;
  std::uint64_t seed;
  std::int64_t made_ms;
  std::uint64_t checksum;
};

struct Header {
  Fixed fixed;
  std::uint8_t unused[16];
  State state;
  std::uint32_t unused2;
  std::uint64_t reserved;
  std::uint8_t unused3[2048 - 80];
  Fixed copy;
  std::uint8_t unused4[2048 - sizeof(Fixed)];
};

struct Label {
  std::uint8_t length_plus_1;
  char name[kLabelBytesMax];
  Counts counts;
  Counts totals;
};

struct RecordHead {
  std::uint32_t length;
  std::uint16_t label;
  std::uint8_t mark;
  std::uint8_t disposition;
  std::uint64_t checksum;
};

static_assert(kCountersMax == 28);  // a segment has this many; more take another version
static_assert(sizeof(Header) == 4096 && sizeof(Label) == 512 && sizeof(RecordHead) == 16);
static_assert(std::is_trivially_copyable_v<Header> && std::is_trivially_copyable_v<Label>);
static_assert(sizeof(Fixed) == 48 && offsetof(Header, state) == 64);
static_assert(offsetof(Header, reserved) == 72 && offsetof(Header, copy) == 2048);

[[nodiscard]] constexpr std::uint64_t label_at(std::size_t index) noexcept {
  return sizeof(Header) + index * sizeof(Label);
}
// Where the records begin: after the label table, at a page.
[[nodiscard]] constexpr std::uint64_t records_at(std::size_t labels) noexcept {
  constexpr std::uint64_t kPage = 4096;
  return (label_at(labels) + kPage - 1) / kPage * kPage;
}
static_assert(records_at(kSegmentLabelsMax) + kRecordBytesMax + (64u << 10) < kSegmentBytesMax);

[[nodiscard]] constexpr std::uint64_t record_span(std::size_t payload_bytes) noexcept {
  return (sizeof(RecordHead) + payload_bytes + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
}
[[nodiscard]] constexpr std::uint8_t disposition_of(Counter counter) noexcept {
  return counter == kPending ? std::uint8_t{0} : static_cast<std::uint8_t>(counter << 3 | 5);
}
[[nodiscard]] constexpr Counter counter_at(std::uint8_t disposition) noexcept {
  const auto counter = static_cast<Counter>(disposition >> 3);
  return (disposition & 7) == 5 && counter < kCountersMax ? counter : kPending;
}

[[nodiscard]] std::uint64_t record_checksum(std::uint64_t seed, std::uint16_t label,
                                            std::string_view payload) noexcept;

// Overwrites a record's payload with zeros, in place, and settles it as opted_out if it was
// pending. The record stays good, so it is still counted. The same bytes result however often it is
// done.
void erase_record(std::byte* record, std::uint64_t seed) noexcept;

[[nodiscard]] Fixed make_fixed(std::size_t labels, std::uint64_t file_bytes,
                               std::int64_t made_ms) noexcept;
// The fixed part of a segment that this version understands, from whichever copy is good.
[[nodiscard]] std::optional<Fixed> fixed_of(const Header& header) noexcept;
// Whether this is a segment of a version that this one doesn't understand.
[[nodiscard]] bool is_foreign(const Header& header) noexcept;
[[nodiscard]] std::string_view label_name(const Label& label) noexcept;

struct Walked {
  std::uint64_t offset = 0;  // of the record's head
  std::uint16_t label = 0;
  Counter counter = kPending;
  std::string_view payload;
};

// The head at `offset`, if it is one that was published: a writer stores the mark and the length
// last. Whether the record is good is not asked.
[[nodiscard]] std::optional<RecordHead> published_at(std::string_view bytes,
                                                     std::uint64_t offset) noexcept;

// Goes over the records in a segment's bytes (the whole file as read, front included).
class Walk {
 public:
  // `live`: a writer may be at work, so stop where no good record is.
  Walk(std::string_view bytes, const Fixed& fixed, bool live) noexcept
      : bytes_(bytes), seed_(fixed.seed), live_(live), at_(records_at(fixed.labels)) {}
  // The next good record, or nothing at the end.
  [[nodiscard]] std::optional<Walked> next() noexcept;
  // Damaged places passed so far.
  [[nodiscard]] std::uint64_t corrupt() const noexcept { return corrupt_; }
  // Where the walk stands: the end of the last good record, at first.
  [[nodiscard]] std::uint64_t position() const noexcept { return at_; }

 private:
  [[nodiscard]] std::optional<Walked> record_at(std::uint64_t offset) noexcept;
  std::string_view bytes_;
  std::uint64_t seed_;
  bool live_;
  std::uint64_t at_;
  std::uint64_t corrupt_ = 0;
  // Bytes that may still be hashed in search of the next good record: a bound on hostile files.
  std::uint64_t search_budget_ = 64u << 20;
};

// A name in a spool directory.
struct Name {
  enum class Kind : std::uint8_t { segment, tomb, temporary, other };
  Kind kind = Kind::other;
  std::string_view id;
  std::int64_t made_ms = 0;
};
[[nodiscard]] Name parse_name(std::string_view file_name) noexcept;

}  // namespace candor::spool
