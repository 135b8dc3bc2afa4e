// UUIDs as text, made of random bytes that the caller brings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace candor {

inline constexpr std::size_t kUuidBytes = 36;
using UuidText = std::array<char, kUuidBytes>;

// Lower-case text of a UUIDv4 (RFC 9562 section 5.4).
void format_uuid4(std::span<const std::byte, 16> random, std::span<char, kUuidBytes> to) noexcept;
// Lower-case text of a UUIDv7 (RFC 9562 section 5.7): 48 bits of unix_ms, then 74 of `random`.
void format_uuid7(std::int64_t unix_ms, std::span<const std::byte, 10> random,
                  std::span<char, kUuidBytes> to) noexcept;
// 8-4-4-4-12 lower-case hex digits.
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

}  // namespace candor
