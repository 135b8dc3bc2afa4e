// JSON strings from UTF-8, for the hot path.
#pragma once

#include <cstddef>
#include <string_view>

namespace candor::event {

// Copies `text` and answers true when it is printable ASCII without '"' and '\', so that
// its JSON is itself. Otherwise false, and what was copied means nothing.
[[nodiscard]] bool copy_plain(std::string_view text, char* to) noexcept;

// Bytes of valid UTF-8 as a JSON string without its quotes (RFC 8785 section 3.2.2.2).
[[nodiscard]] std::size_t escaped_bytes(std::string_view text) noexcept;
// Writes them; returns the end.
char* copy_escaped(std::string_view text, char* to) noexcept;

// Whether `a` comes before `b` by UTF-16 code units; both are valid UTF-8.
[[nodiscard]] bool utf16_less(std::string_view a, std::string_view b) noexcept;

}  // namespace candor::event
