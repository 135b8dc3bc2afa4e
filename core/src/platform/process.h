// This process.
#pragma once

#include <cstdint>

namespace candor {

// Differs in the child of a fork.
[[nodiscard]] std::int64_t process_id() noexcept;

// Whether a process whose parent has ended becomes a child of this one, which would have to reap it
// and would hear a SIGCHLD: process 1, and on Linux a subreaper.
[[nodiscard]] bool inherits_orphans() noexcept;

}  // namespace candor
