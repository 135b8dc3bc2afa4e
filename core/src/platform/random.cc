#include "platform/random.h"

namespace candor {

std::uint64_t random_u64() noexcept {
  std::uint64_t value = 0;
  fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

UuidText uuid4() noexcept {
  std::array<std::byte, 16> random{};
  fill_random(random);
  UuidText text{};
  format_uuid4(random, text);
  return text;
}

UuidText uuid7(std::int64_t unix_ms) noexcept {
  std::array<std::byte, 10> random{};
  fill_random(random);
  UuidText text{};
  format_uuid7(unix_ms, random, text);
  return text;
}

}  // namespace candor
