#include "platform/posix/file_extras.h"

#include <stdio.h>

#include <cerrno>

namespace candor {
namespace {

std::int64_t in_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int rename_to_new(const char* from, const char* to) noexcept {
  return ::renamex_np(from, to, RENAME_EXCL) == 0 ? 0 : errno;
}

int rename_exchange(const char* from, const char* to) noexcept {
  return ::renamex_np(from, to, RENAME_SWAP) == 0 ? 0 : errno;
}

bool writes_in_place(int) noexcept { return false; }

std::int64_t modified_ns(const struct stat& info) noexcept { return in_ns(info.st_mtimespec); }
std::int64_t changed_ns(const struct stat& info) noexcept { return in_ns(info.st_ctimespec); }

}  // namespace candor
