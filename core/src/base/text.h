// UTF-8 and JSON text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// The number of code points, or nothing when the bytes are not UTF-8
// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] std::optional<std::size_t> utf8_length(std::string_view bytes) noexcept;
// The longest prefix of at most `bytes_max` bytes that cuts no code point.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept;
// Replaces what is not UTF-8 by U+FFFD.
[[nodiscard]] std::string utf8_repaired(std::string_view bytes);

// Appends `text` (valid UTF-8) as a JSON string with quotes, escaped minimally as RFC
// 8785 section 3.2.2.2 says: \" \\ \b \t \n \f \r and \u00xx for other controls.
void append_json_string(std::string& to, std::string_view text);

// Hex of sha256; for the project id and the catalog's content hash.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// The candidate nearest to `word` for a "did you mean", or empty when none is
// near (edit distance over a third of the length).
template <typename Names>
[[nodiscard]] std::string_view nearest(std::string_view word, const Names& candidates);
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

template <typename Names>
std::string_view nearest(std::string_view word, const Names& candidates) {
  std::size_t best = word.size() / 3 + 1;
  std::string_view found;
  for (const auto& candidate : candidates) {
    const std::size_t d = edit_distance(word, candidate, best);
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

}  // namespace candor
