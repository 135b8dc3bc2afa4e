#include "base/text.h"

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace candor {
namespace {

// Bytes of the code point that starts at `p`, or 0 when none does (RFC 3629 section 4).
std::size_t sequence(const unsigned char* p, const unsigned char* end) noexcept {
  const unsigned char lead = p[0];
  if (lead < 0x80) return 1;
  const auto trail = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xbf) {
    return p + i < end && p[i] >= low && p[i] <= high;
  };
  if (lead >= 0xc2 && lead <= 0xdf) return trail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;   // no overlong forms
    const unsigned char high = lead == 0xed ? 0x9f : 0xbf;  // no surrogates
    return trail(1, low, high) && trail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;  // nothing above U+10FFFF
    return trail(1, low, high) && trail(2) && trail(3) ? 4 : 0;
  }
  return 0;
}

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::size_t> utf8_length(std::string_view bytes) noexcept {
  const unsigned char* p = bytes_of(bytes);
  const unsigned char* const end = p + bytes.size();
  std::size_t count = 0;
  while (p < end) {
    std::uint64_t word = 0;
    if (end - p >= 8) {
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080u) == 0) {
        p += 8;
        count += 8;
        continue;
      }
    }
    const std::size_t n = sequence(p, end);
    if (n == 0) return std::nullopt;
    p += n;
    ++count;
  }
  return count;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t n = bytes_max;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return text.substr(0, n);
}

std::string utf8_repaired(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  const unsigned char* p = bytes_of(bytes);
  const unsigned char* const end = p + bytes.size();
  while (p < end) {
    const std::size_t n = sequence(p, end);
    if (n == 0) {
      text.append("\xef\xbf\xbd");
      ++p;
    } else {
      text.append(reinterpret_cast<const char*>(p), n);
      p += n;
    }
  }
  return text;
}

void append_json_string(std::string& to, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  to.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"': to.append("\\\""); break;
      case '\\': to.append("\\\\"); break;
      case '\b': to.append("\\b"); break;
      case '\t': to.append("\\t"); break;
      case '\n': to.append("\\n"); break;
      case '\f': to.append("\\f"); break;
      case '\r': to.append("\\r"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          to.append("\\u00");
          to.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          to.push_back(kHex[static_cast<unsigned char>(c) & 15]);
        } else {
          to.push_back(c);
        }
    }
  }
  to.push_back('"');
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_sha256(bytes_of(bytes), bytes.size(), digest.data(), 0);
#else
  mbedtls_sha256_ret(bytes_of(bytes), bytes.size(), digest.data(), 0);
#endif
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    hex.push_back(kHex[byte >> 4]);
    hex.push_back(kHex[byte & 15]);
  }
  return hex;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() >= limit) return limit;
  std::vector<std::size_t> row(a.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t j = 1; j <= b.size(); ++j) {
    std::size_t diagonal = row[0];
    row[0] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({row[i] + 1, row[i - 1] + 1, substituted});
    }
  }
  return std::min(row.back(), limit);
}

}  // namespace candor
