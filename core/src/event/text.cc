#include "event/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace candor::event {
namespace {

using Bytes = std::uint64_t;

constexpr Bytes repeated(unsigned char byte) { return 0x0101010101010101u * byte; }

// The top bit of each of eight bytes that JSON escapes: below 0x20, '"' and '\'. Subtracting
// sets it when the byte borrows; a borrow from a neighbour needs a true hit there.
constexpr Bytes escapes(Bytes word) noexcept {
  const Bytes control = word - repeated(0x20);
  const Bytes quote = (word ^ repeated('"')) - repeated(1);
  const Bytes backslash = (word ^ repeated('\\')) - repeated(1);
  return (control | quote | backslash) & ~word & repeated(0x80);
}

constexpr bool is_plain(Bytes word) noexcept {
  return (escapes(word) | (word & repeated(0x80))) == 0;
}

// What follows the backslash; 'u' stands for \u00xx, 0 for a byte that is not escaped.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (std::size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  return escapes;
}();

char escape_of(char c) noexcept { return kEscapes[static_cast<unsigned char>(c)]; }

// Bytes at the front of `text` that are copied as they are.
std::size_t unescaped_run(std::string_view text) noexcept {
  std::size_t n = 0;
  for (Bytes word = 0; text.size() - n >= sizeof word; n += sizeof word) {
    std::memcpy(&word, text.data() + n, sizeof word);
    if (escapes(word) != 0) break;
  }
  while (n < text.size() && escape_of(text[n]) == 0) ++n;
  return n;
}

}  // namespace

bool copy_plain(std::string_view text, char* to) noexcept {
  const char* p = text.data();
  std::size_t left = text.size();
  Bytes word = 0;
  for (; left >= sizeof word; left -= sizeof word, p += sizeof word, to += sizeof word) {
    std::memcpy(&word, p, sizeof word);
    if (!is_plain(word)) return false;
    std::memcpy(to, &word, sizeof word);
  }
  word = repeated(' ');
  for (std::size_t i = 0; i < left; ++i) {
    to[i] = p[i];
    word = (word << 8) | static_cast<unsigned char>(p[i]);
  }
  return is_plain(word);
}

std::size_t escaped_bytes(std::string_view text) noexcept {
  std::size_t bytes = text.size();
  for (;;) {
    text.remove_prefix(unescaped_run(text));
    if (text.empty()) return bytes;
    bytes += escape_of(text.front()) == 'u' ? 5u : 1u;
    text.remove_prefix(1);
  }
}

char* copy_escaped(std::string_view text, char* to) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  for (;;) {
    const std::size_t n = unescaped_run(text);
    to = std::copy_n(text.data(), n, to);
    text.remove_prefix(n);
    if (text.empty()) return to;
    const auto byte = static_cast<unsigned char>(text.front());
    *to++ = '\\';
    *to++ = kEscapes[byte];
    if (kEscapes[byte] == 'u') {
      *to++ = '0';
      *to++ = '0';
      *to++ = kHex[byte >> 4];
      *to++ = kHex[byte & 15];
    }
    text.remove_prefix(1);
  }
}

bool utf16_less(std::string_view a, std::string_view b) noexcept {
  // UTF-8 sorts by code point. UTF-16 differs only in that what lies beyond the basic
  // plane (a lead byte from 0xf0) is a surrogate pair, which sorts before U+E000..U+FFFF
  // (a lead byte of 0xee or 0xef).
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0xee || byte == 0xef ? byte + 0x10 : byte + 0;
  };
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) return at_a == a.end() && at_b != b.end();
  return rank(*at_a) < rank(*at_b);
}

}  // namespace candor::event
