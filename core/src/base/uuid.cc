#include "base/uuid.h"

namespace candor {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// 16 bytes as 8-4-4-4-12.
void format_uuid(const std::array<unsigned char, 16>& bytes,
                 std::span<char, kUuidBytes> to) noexcept {
  char* p = to.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
    *p++ = kHex[bytes[i] >> 4];
    *p++ = kHex[bytes[i] & 15];
  }
}

}  // namespace

void format_uuid4(std::span<const std::byte, 16> random, std::span<char, kUuidBytes> to) noexcept {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 16; ++i) bytes[i] = static_cast<unsigned char>(random[i]);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  format_uuid(bytes, to);
}

void format_uuid7(std::int64_t unix_ms, std::span<const std::byte, 10> random,
                  std::span<char, kUuidBytes> to) noexcept {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<unsigned char>(unix_ms >> (40 - 8 * i));
  }
  for (std::size_t i = 0; i < 10; ++i) bytes[6 + i] = static_cast<unsigned char>(random[i]);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  format_uuid(bytes, to);
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != kUuidBytes) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
      return false;
    }
  }
  return true;
}

}  // namespace candor
