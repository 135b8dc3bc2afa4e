// Character classes of ASCII, and comparisons that ignore its case.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace candor::redact {

inline constexpr std::size_t kNoMatch = std::string_view::npos;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(char c) noexcept { return is_lower(c) || is_upper(c); }
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
inline constexpr std::array<bool, 256> kAlnum = [] {
  std::array<bool, 256> alnum{};
  for (std::size_t c = 0; c < 128; ++c) {
    alnum[c] = is_digit(static_cast<char>(c)) || is_alpha(static_cast<char>(c));
  }
  return alnum;
}();
constexpr bool is_alnum(char c) noexcept { return kAlnum[static_cast<unsigned char>(c)]; }
constexpr bool is_key(char c) noexcept { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }
// Unrolled by the compiler, where std::string_view::find would call a function.
constexpr bool is_one_of(char c, std::string_view set) noexcept {
  for (const char one : set) {
    if (c == one) return true;
  }
  return false;
}
constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }
constexpr int hex_value(char c) noexcept {
  return is_digit(c) ? c - '0' : is_hex(c) ? lower(c) - 'a' + 10 : -1;
}

// Whether `text` has `word` (in lower case) at `i`.
constexpr bool has_at(std::string_view text, std::size_t i, std::string_view word) noexcept {
  if (i > text.size() || text.size() - i < word.size()) return false;
  for (std::size_t k = 0; k < word.size(); ++k) {
    if (lower(text[i + k]) != word[k]) return false;
  }
  return true;
}
constexpr bool equals(std::string_view text, std::string_view lower_word) noexcept {
  return text.size() == lower_word.size() && has_at(text, 0, lower_word);
}
template <typename Words>
constexpr bool is_among(std::string_view text, const Words& lower_words) noexcept {
  return std::any_of(std::begin(lower_words), std::end(lower_words),
                     [text](std::string_view word) { return equals(text, word); });
}

// The end of the run of characters from `i` that pass `test`.
template <typename Test>
constexpr std::size_t run_end(std::string_view text, std::size_t i, Test test) noexcept {
  while (i < text.size() && test(text[i])) ++i;
  return i;
}
// The beginning of the run that ends before `i`, not before `from`.
template <typename Test>
constexpr std::size_t run_begin(std::string_view text, std::size_t i, std::size_t from,
                                Test test) noexcept {
  while (i > from && test(text[i - 1])) --i;
  return i;
}

// Rows by a word each, which is in lower case and has two characters or more. Two loads
// reject nearly every place of a text, so that a table may grow without costing time.
template <typename Row, std::size_t N>
struct WordTable {
  std::array<Row, N> rows;
  std::array<std::uint16_t, 129> first{};    // by the word's first character
  std::array<std::uint32_t, 128> seconds{};  // a bit for each second character, modulo 32

  consteval explicit WordTable(const Row (&given)[N]) : rows(std::to_array(given)) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.word < b.word; });
    std::size_t row = 0;
    for (std::size_t c = 0; c < 128; ++c) {
      first[c] = static_cast<std::uint16_t>(row);
      for (; row < N && static_cast<std::size_t>(rows[row].word[0]) == c; ++row) {
        seconds[c] |= bit(rows[row].word[1]);
      }
    }
    first[128] = static_cast<std::uint16_t>(row);
    if (row != N) throw "a word begins beyond ASCII";
  }

  // The first row whose word stands at `i` and that `accept` takes, or null.
  template <typename Accept>
  constexpr const Row* find(std::string_view text, std::size_t i, Accept accept) const noexcept {
    if (i + 1 >= text.size() || is_foreign(text[i])) return nullptr;
    const auto c = static_cast<unsigned char>(lower(text[i]));
    if ((seconds[c] & bit(lower(text[i + 1]))) == 0) return nullptr;
    for (std::size_t row = first[c]; row < first[c + 1u]; ++row) {
      if (has_at(text, i, rows[row].word) && accept(rows[row])) return &rows[row];
    }
    return nullptr;
  }

 private:
  static constexpr std::uint32_t bit(char c) noexcept {
    return std::uint32_t{1} << (static_cast<unsigned char>(c) & 31);
  }
};

struct Word {
  std::string_view word;
};
// Whether the whole of `text` is a word of the table.
template <std::size_t N>
constexpr bool is_among(std::string_view text, const WordTable<Word, N>& table) noexcept {
  return table.find(text, 0, [&](Word row) { return row.word.size() == text.size(); }) != nullptr;
}

}  // namespace candor::redact
