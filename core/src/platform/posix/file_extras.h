// What posix/file_calls.cc needs of the system beyond POSIX.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace candor {

// renameat2 and its like: 0, or the errno; ENOTSUP where there is no such call.
[[nodiscard]] int rename_to_new(const char* from, const char* to) noexcept;
[[nodiscard]] int rename_exchange(const char* from, const char* to) noexcept;
[[nodiscard]] bool writes_in_place(int fd) noexcept;
// Nanoseconds since 1970.
[[nodiscard]] std::int64_t modified_ns(const struct stat& info) noexcept;
[[nodiscard]] std::int64_t changed_ns(const struct stat& info) noexcept;

}  // namespace candor
