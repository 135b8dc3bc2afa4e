// Character classes of ASCII, and comparisons that ignore its case.
#pragma once

#include <cstddef>
#include <string_view>

namespace candor::redact {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(char c) noexcept { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }
constexpr bool is_foreign(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }
constexpr bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }
constexpr bool is_space(char c) noexcept {
  return is_blank(c) || is_line_end(c) || c == '\f' || c == '\v';
}
constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_one_of(char c, std::string_view set) noexcept {
  return set.find(c) != std::string_view::npos;
}
constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }

// Whether `text` has `word` (in lower case) at `i`.
constexpr bool has_at(std::string_view text, std::size_t i, std::string_view word) noexcept {
  if (i > text.size() || text.size() - i < word.size()) return false;
  for (std::size_t k = 0; k < word.size(); ++k) {
    if (lower(text[i + k]) != word[k]) return false;
  }
  return true;
}

// The end of the run of characters from `i` that pass `test`.
template <typename Test>
constexpr std::size_t run_end(std::string_view text, std::size_t i, Test test) noexcept {
  while (i < text.size() && test(text[i])) ++i;
  return i;
}

}  // namespace candor::redact
