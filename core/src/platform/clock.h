// Time. Wall time dates events; monotonic time measures waits.
#pragma once

#include <cstdint>
#include <span>

namespace candor {

[[nodiscard]] std::int64_t unix_ms() noexcept;
// Never jumps. A coarse clock (some milliseconds), because it is read on every emit.
[[nodiscard]] std::int64_t steady_ms() noexcept;

// Bytes of `2026-01-02T03:04:05.678Z`.
inline constexpr std::size_t kTimestampBytes = 24;
// Largest time that fits: 9999-12-31T23:59:59.999Z.
inline constexpr std::int64_t kUnixMsMax = 253402300799999;
// RFC 3339 in UTC with milliseconds. `unix_ms` is clamped to 0..kUnixMsMax.
void format_timestamp(std::int64_t unix_ms, std::span<char, kTimestampBytes> to) noexcept;

}  // namespace candor
