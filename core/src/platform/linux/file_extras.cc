#include "platform/posix/file_extras.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace candor {
namespace {

int rename_with(const char* from, const char* to, unsigned flags) noexcept {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) == 0) return 0;
  // The kernel, or the file system, does not know the flag.
  return errno == EINVAL || errno == ENOSYS ? ENOTSUP : errno;
}

std::int64_t in_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int rename_to_new(const char* from, const char* to) noexcept {
  return rename_with(from, to, RENAME_NOREPLACE);
}

int rename_exchange(const char* from, const char* to) noexcept {
  return rename_with(from, to, RENAME_EXCHANGE);
}

bool writes_in_place(int fd) noexcept {
  constexpr unsigned long kWrittenInPlace[] = {
      0xEF53,      // ext2, ext3, ext4
      0x58465342,  // xfs
      0x01021994,  // tmpfs
  };
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return false;
  return std::any_of(
      std::begin(kWrittenInPlace), std::end(kWrittenInPlace),
      [&](unsigned long type) { return static_cast<unsigned long>(info.f_type) == type; });
}

std::int64_t modified_ns(const struct stat& info) noexcept { return in_ns(info.st_mtim); }
std::int64_t changed_ns(const struct stat& info) noexcept { return in_ns(info.st_ctim); }

}  // namespace candor
