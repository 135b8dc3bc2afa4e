// This process.
#pragma once

#include <cstdint>

namespace candor {

// Differs in the child of a fork.
[[nodiscard]] std::int64_t process_id() noexcept;

// Whether a process whose parent has ended becomes a child of this one, which would have to reap it
// and would hear a SIGCHLD: process 1, and on Linux a subreaper.
[[nodiscard]] bool inherits_orphans() noexcept;

// Whether the program was started with rights that its caller does not have: set-user-ID,
// set-group-ID, file capabilities (the secure-execution mode of ld.so(8)). Then the caller chose
// its environment, which must decide nothing.
[[nodiscard]] bool has_borrowed_rights() noexcept;

}  // namespace candor
