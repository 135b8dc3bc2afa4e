// Points in time as people and programs write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace candor::cli {

// Milliseconds since 1970 UTC, from an RFC 3339 time (any offset; digits past the
// millisecond are cut off) or from those milliseconds as an integer.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace candor::cli
