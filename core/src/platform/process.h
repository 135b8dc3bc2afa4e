// This process.
#pragma once

#include <cstdint>

namespace candor {

// Differs in the child of a fork.
[[nodiscard]] std::int64_t process_id() noexcept;

}  // namespace candor
