#include "event/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace candor::event {
namespace {

using Bytes = std::uint64_t;

constexpr Bytes repeated(unsigned char byte) { return 0x0101010101010101u * byte; }

// Whether one of eight bytes is below 0x20, '"', '\' or not ASCII. Subtracting from a
// byte sets its top bit when it borrows; a false borrow needs a true one beside it.
constexpr bool special(Bytes word) noexcept {
  const Bytes control = word - repeated(0x20);
  const Bytes quote = (word ^ repeated('"')) - repeated(1);
  const Bytes backslash = (word ^ repeated('\\')) - repeated(1);
  return ((control | quote | backslash | word) & repeated(0x80)) != 0;
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

}  // namespace

bool copy_plain(std::string_view text, char* to) noexcept {
  const char* p = text.data();
  std::size_t left = text.size();
  Bytes word = 0;
  for (; left >= sizeof word; left -= sizeof word, p += sizeof word, to += sizeof word) {
    std::memcpy(&word, p, sizeof word);
    if (special(word)) return false;
    std::memcpy(to, &word, sizeof word);
  }
  word = repeated(' ');
  for (std::size_t i = 0; i < left; ++i) {
    to[i] = p[i];
    word = (word << 8) | static_cast<unsigned char>(p[i]);
  }
  return !special(word);
}

std::size_t escaped_bytes(std::string_view text) noexcept {
  std::size_t bytes = text.size();
  for (const char c : text) {
    const char escape = escape_of(c);
    bytes += escape == 0 ? 0 : escape == 'u' ? 5 : 1;
  }
  return bytes;
}

char* copy_escaped(std::string_view text, char* to) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const char escape = escape_of(c);
    if (escape == 0) {
      *to++ = c;
      continue;
    }
    *to++ = '\\';
    *to++ = escape;
    if (escape == 'u') {
      *to++ = '0';
      *to++ = '0';
      *to++ = kHex[static_cast<unsigned char>(c) >> 4];
      *to++ = kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return to;
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
