// What pack.js wrote, as the views that the core takes. Text is not copied: it stays in the
// packer's bytes, which the caller keeps until the core has answered. Bytes that pack.js can't
// have written end as fields that no catalog has; nothing is read beyond them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "candor/client.h"

namespace candor::node {

// One more than a catalog's event can have: the core finds an unknown or a
// duplicate among so many, so the rest need not be handed over.
inline constexpr std::uint32_t kFieldsMax = 129;
// One more than an array or map can have; the core finds too many among so many.
inline constexpr std::uint32_t kContainerMax = 10'001;
// Elements of all containers of one event. One that would go beyond is `unsupported`: there may be
// absent ones among them, so that the event is not too large in any case.
inline constexpr std::uint32_t kElementsMax = 1u << 19;
// Nesting beyond what a catalog can describe is `unsupported`.
inline constexpr std::uint32_t kDepthMax = 33;

enum class Tag : std::uint8_t {
  null,
  no,
  yes,
  number,
  bigint,
  text,
  array,
  object,
  unsupported,
};
inline constexpr std::uint8_t kHasTimestamp = 1, kHasUuid = 2, kHasDistinctId = 4, kWrongType = 8,
                              kReturnUuid = 16, kHasProjectDir = 32, kHasProjectId = 64;
// Sizes of text that are none: the size takes four bytes; it is more than any event holds.
// Or the text is among the names, at an offset of two bytes, with a size of one.
inline constexpr std::uint8_t kName = 0xfd, kLongText = 0xfe, kHugeText = 0xff;

class Call {
 public:
  Call(std::span<const std::byte> packed, std::span<const std::byte> names) noexcept;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::string_view event;
  EmitOptions options;
  [[nodiscard]] std::span<const Field> fields() const noexcept { return {room_.fields, count_}; }

 private:
  // Each takes what it reads off the front; false or nothing when the bytes end before.
  template <typename T>
  [[nodiscard]] T take() noexcept;
  [[nodiscard]] std::string_view text() noexcept;
  [[nodiscard]] Value value(std::uint32_t depth);
  [[nodiscard]] Value container(Tag tag, std::uint32_t depth);
  void read();

  std::span<const std::byte> rest_;
  const std::span<const std::byte> names_;
  bool broken_ = false;
  // Left uninitialised beyond `count_`: clearing it would cost more than a usual event.
  union Room {
    Room() noexcept {}
    Field fields[kFieldsMax];
  } room_;
  std::size_t count_ = 0;
  std::array<std::byte, 2048> inline_;
  std::pmr::monotonic_buffer_resource pool_{inline_.data(), inline_.size()};
};

}  // namespace candor::node
