#include "unpack.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

namespace candor::node {
namespace {

static_assert(std::endian::native == std::endian::little, "pack.js writes little-endian");

// Stands for text longer than any event: its size is looked at, and nothing else. Not constant,
// because that would be so many zeros in the file.
char huge[kEventBytesMax + 1];

std::int64_t to_milliseconds(double ms) noexcept {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (ms >= kTwo63) return std::numeric_limits<std::int64_t>::max();
  if (!(ms >= -kTwo63)) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(ms);
}

}  // namespace

Call::Call(std::span<const std::byte> packed, std::span<const std::byte> names) noexcept
    : rest_(packed), names_(names) {
  try {
    read();
  } catch (const std::bad_alloc&) { broken_ = true; }
  if (!broken_) return;
  count_ = 0;
  new (&room_.fields[count_++]) Field{"", Value::unsupported()};
}

void Call::read() {
  event = text();
  const auto flags = take<std::uint8_t>();
  if ((flags & kHasTimestamp) != 0) options.timestamp_ms = to_milliseconds(take<double>());
  if ((flags & kHasUuid) != 0) options.uuid = text();
  options.return_uuid = (flags & kReturnUuid) != 0;
  if ((flags & kHasDistinctId) != 0) options.distinct_id = text();
  if ((flags & kHasProjectDir) != 0) options.project_dir = text();
  if ((flags & kHasProjectId) != 0) options.project_id = text();
  if ((flags & kWrongType) != 0) options.wrong_type = text();
  const auto count = take<std::uint32_t>();
  if (count > kFieldsMax) broken_ = true;
  while (!broken_ && count_ < count) {
    const std::string_view name = text();
    new (&room_.fields[count_++]) Field{name, value(0)};
  }
}

template <typename T>
T Call::take() noexcept {
  T taken{};
  if (rest_.size() < sizeof taken) {
    broken_ = true;
    return taken;
  }
  std::memcpy(&taken, rest_.data(), sizeof taken);
  rest_ = rest_.subspan(sizeof taken);
  return taken;
}

std::string_view Call::text() noexcept {
  std::uint32_t size = take<std::uint8_t>();
  if (size == kHugeText) return {huge, sizeof huge};
  std::span<const std::byte> from;
  if (size == kName) {
    const std::size_t offset = take<std::uint16_t>();
    size = take<std::uint8_t>();
    from = names_.subspan(std::min(offset, names_.size()));
  } else {
    if (size == kLongText) size = take<std::uint32_t>();
    from = rest_;
    rest_ = rest_.subspan(std::min<std::size_t>(size, rest_.size()));
  }
  if (size > from.size()) {
    broken_ = true;
    return {};
  }
  return {reinterpret_cast<const char*>(from.data()), size};
}

Value Call::value(std::uint32_t depth) {
  const auto tag = static_cast<Tag>(take<std::uint8_t>());
  switch (tag) {
    case Tag::null: return {};
    case Tag::no: return false;
    case Tag::yes: return true;
    case Tag::number: return take<double>();
    case Tag::bigint: return take<std::int64_t>();
    case Tag::text: return text();
    case Tag::array:
    case Tag::object:
      if (depth < kDepthMax) return container(tag, depth + 1);
      break;
    case Tag::unsupported: return Value::unsupported();
  }
  broken_ = true;
  return Value::unsupported();
}

Value Call::container(Tag tag, std::uint32_t depth) {
  const auto count = take<std::uint32_t>();
  if (count > kContainerMax || count > rest_.size()) broken_ = true;
  if (broken_) return Value::unsupported();
  if (tag == Tag::array) {
    auto* items = static_cast<Value*>(pool_.allocate(count * sizeof(Value), alignof(Value)));
    for (std::uint32_t i = 0; i < count; ++i) new (&items[i]) Value(value(depth));
    return Value::array(items, count);
  }
  auto* entries = static_cast<Field*>(pool_.allocate(count * sizeof(Field), alignof(Field)));
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view name = text();
    new (&entries[i]) Field{name, value(depth)};
  }
  return Value::object(entries, count);
}

}  // namespace candor::node
