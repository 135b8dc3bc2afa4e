// Randomness from the kernel, and the UUIDs made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/uuid.h"

namespace candor {

// getentropy(3); where a sandbox forbids it, a mix of clocks and addresses.
void fill_random(std::span<std::byte> to) noexcept;
[[nodiscard]] std::uint64_t random_u64() noexcept;

[[nodiscard]] UuidText uuid4() noexcept;
[[nodiscard]] UuidText uuid7(std::int64_t unix_ms) noexcept;

}  // namespace candor
