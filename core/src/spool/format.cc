#include "spool/format.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "platform/random.h"

namespace candor::spool {

std::uint64_t record_checksum(std::uint64_t seed, std::uint16_t label,
                              std::string_view payload) noexcept {
  return XXH3_64bits_withSeed(payload.data(), payload.size(),
                              seed ^ (std::uint64_t{label} << 32 | payload.size()));
}

Fixed make_fixed(std::size_t labels, std::uint64_t file_bytes, std::int64_t made_ms) noexcept {
  Fixed fixed{
      {}, kFormatVersion, static_cast<std::uint32_t>(labels), file_bytes, random_u64(), made_ms, 0};
  std::memcpy(fixed.magic, kMagic, sizeof kMagic);
  fixed.checksum = XXH3_64bits(&fixed, offsetof(Fixed, checksum));
  return fixed;
}

std::optional<Fixed> fixed_of(const Header& header) noexcept {
  for (const Fixed* fixed : {&header.fixed, &header.copy}) {
    if (std::memcmp(fixed->magic, kMagic, sizeof kMagic) == 0 && fixed->version == kFormatVersion &&
        fixed->checksum == XXH3_64bits(fixed, offsetof(Fixed, checksum)) &&
        fixed->labels <= kSegmentLabelsMax && fixed->file_bytes >= records_at(fixed->labels) &&
        fixed->file_bytes <= kSegmentBytesMax) {
      return *fixed;
    }
  }
  return std::nullopt;
}

bool is_foreign(const Header& header) noexcept {
  for (const Fixed* fixed : {&header.fixed, &header.copy}) {
    if (std::memcmp(fixed->magic, kMagic, sizeof kMagic) != 0 || fixed->version == kFormatVersion) {
      return false;
    }
  }
  return true;
}

void erase_record(std::byte* record, std::uint64_t seed) noexcept {
  RecordHead head;
  std::memcpy(&head, record, sizeof head);
  std::byte* const payload = record + sizeof head;
  std::memset(payload, 0, head.length);
  if (counter_at(head.disposition) == kPending) {
    head.disposition = disposition_of(counter_of(Reason::opted_out));
  }
  head.checksum =
      record_checksum(seed, head.label, {reinterpret_cast<const char*>(payload), head.length});
  std::memcpy(record, &head, sizeof head);
}

std::string_view label_name(const Label& label) noexcept {
  const std::size_t length = label.length_plus_1 == 0 ? 0u : label.length_plus_1 - 1u;
  return {label.name, length <= kLabelBytesMax ? length : 0};
}

std::optional<RecordHead> published_at(std::string_view bytes, std::uint64_t offset) noexcept {
  RecordHead head;
  if (offset + sizeof head > bytes.size()) return std::nullopt;
  std::memcpy(&head, bytes.data() + offset, sizeof head);
  if (head.mark != kRecordMark || head.length == 0 || head.length > kRecordBytesMax ||
      head.length > bytes.size() - offset - sizeof head) {
    return std::nullopt;
  }
  return head;
}

std::optional<Walked> Walk::record_at(std::uint64_t offset) noexcept {
  const auto head = published_at(bytes_, offset);
  if (!head || head->length > search_budget_) return std::nullopt;
  const std::string_view payload = bytes_.substr(offset + sizeof *head, head->length);
  if (record_checksum(seed_, head->label, payload) != head->checksum) {
    search_budget_ -= head->length;
    return std::nullopt;
  }
  return Walked{offset, head->label, counter_at(head->disposition), payload};
}

std::optional<Walked> Walk::next() noexcept {
  std::uint64_t at = at_;
  auto record = record_at(at);
  if (!record && !live_) {
    std::uint64_t first = 0;
    if (at < bytes_.size()) {
      std::memcpy(&first, bytes_.data() + at, std::min(sizeof first, bytes_.size() - at));
    }
    // Zeros from here on are space never used; zeros up to a record are a hole.
    const bool damaged = first != 0;
    while (!record && at + sizeof(RecordHead) <= bytes_.size()) {
      at += kRecordAlign;
      std::uint64_t word = 0;
      std::memcpy(&word, bytes_.data() + at, sizeof word);
      if (word != 0) record = record_at(at);
    }
    if (damaged) ++corrupt_;
    if (!record) at_ = bytes_.size();
  }
  if (!record) return std::nullopt;
  at_ = record->offset + record_span(record->payload.size());
  return record;
}

Name parse_name(std::string_view file_name) noexcept {
  Name name;
  if (file_name.ends_with(".tmp")) name.kind = Name::Kind::temporary;
  if (file_name.size() <= kUuidBytes || !is_uuid(file_name.substr(0, kUuidBytes))) return name;
  const std::string_view ending = file_name.substr(kUuidBytes);
  if (ending == ".seg") name.kind = Name::Kind::segment;
  if (ending == ".tomb") name.kind = Name::Kind::tomb;
  name.id = file_name.substr(0, kUuidBytes);
  for (std::size_t i = 0; i < 13; ++i) {
    const char c = name.id[i];
    if (c != '-') name.made_ms = name.made_ms << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return name;
}

}  // namespace candor::spool
