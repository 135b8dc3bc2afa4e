// The file system, as candor uses it: bounded reads, atomic writes, advisory
// locks. Every call retries EINTR, sets close-on-exec, and reports failure as
// a value; the process's limit on file sizes, too. All system calls that touch the disk go through
// `Files`, so that a test can inject a full disk or a short write.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace candor {

// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int get() const noexcept { return fd_; }
  int release() noexcept {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// An open file whose lock is let go of before it is closed: closing alone would leave it held by
// the copies in forked children.
class LockedFd {
 public:
  LockedFd() = default;
  LockedFd(Fd fd, bool locked) noexcept : fd_(std::move(fd)), locked_(locked) {}
  LockedFd(LockedFd&&) = default;
  LockedFd& operator=(LockedFd&& other) noexcept {
    if (this != &other) {
      unlock();
      fd_ = std::move(other.fd_);
      locked_ = other.locked_;
    }
    return *this;
  }
  ~LockedFd() { unlock(); }
  // Closing leaves the lock alone from now on: it is the parent's of this forked child.
  void disown() noexcept { locked_ = false; }
  // A lock was taken and is still held.
  [[nodiscard]] bool locked() const noexcept { return fd_.valid() && locked_; }
  [[nodiscard]] int get() const noexcept { return fd_.get(); }

 private:
  void unlock() noexcept;
  Fd fd_;
  bool locked_ = false;
};

namespace file {

// The seam for fault injection: the calls that can fail because of the disk.
// They behave like the POSIX calls of the same name (-1 and errno). Set once,
// before any other thread runs; null members mean the real call.
struct Faults {
  int (*open)(const char* path, int flags, mode_t mode) = nullptr;
  ssize_t (*pread)(int fd, void* to, std::size_t n, off_t at) = nullptr;
  ssize_t (*pwrite)(int fd, const void* from, std::size_t n, off_t at) = nullptr;
  int (*allocate)(int fd, off_t from, off_t bytes) = nullptr;  // posix_fallocate: returns the error
  int (*fsync)(int fd) = nullptr;
  int (*rename)(const char* from, const char* to) = nullptr;
  bool (*allocation_lasts)(int fd) = nullptr;
  int (*exchange)(const char* a, const char* b) = nullptr;  // renameat2 with RENAME_EXCHANGE
};
void inject(const Faults& faults) noexcept;

[[nodiscard]] Expected<Fd> open(const std::string& path, int flags, mode_t mode = 0600);
// The same for a file that must be this user's own: a regular file that belongs to the
// effective user, with no symbolic link as the path's last component. Anything else is an error
// with EPERM, ELOOP or EINVAL: another user may have prepared it. Does not wait on a pipe.
[[nodiscard]] Expected<Fd> open_own(const std::string& path, int flags, mode_t mode = 0600);
// Reads `to.size()` bytes at `at`; fewer only at the end of the file.
[[nodiscard]] Expected<std::size_t> read_at(int fd, std::span<std::byte> to, std::uint64_t at);
[[nodiscard]] Done write_at(int fd, std::span<const std::byte> from, std::uint64_t at);
// Reserves real blocks, so that a later store to a mapping can't meet a full disk.
[[nodiscard]] Done allocate(int fd, std::uint64_t bytes);
// Whether the file system is known to keep allocated blocks ours until we store to them. On
// a copy-on-write or network file system they aren't, and a store to a mapping could raise SIGBUS.
[[nodiscard]] bool allocation_lasts(int fd) noexcept;

// The whole file; an error when it is larger than `bytes_max` or no regular file.
[[nodiscard]] Expected<std::string> read(const std::string& path, std::size_t bytes_max);
// The same of a file opened with open_own.
[[nodiscard]] Expected<std::string> read_own(const std::string& path, std::size_t bytes_max);
// Temporary file in the same directory, sync, rename, sync of the directory. Replaces a symbolic
// link at `path` instead of following it. Mode 0600.
[[nodiscard]] Done write_atomic(const std::string& path, std::string_view text);
// The same, but fails with EEXIST when `path` exists: of many processes one wins.
[[nodiscard]] Done create_atomic(const std::string& path, std::string_view text);

// The steps of write_atomic, for a caller that has to look at `path` between them.
// Writes and syncs a new file in the directory of `path` and returns its name.
[[nodiscard]] Expected<std::string> write_temporary(const std::string& path, std::string_view text);
// Renames `temporary` to `path` without a sync. Removes it on failure.
[[nodiscard]] Done put_in_place(const std::string& temporary, const std::string& path);
// Exchanges the two names in one step, so that what was at `path` can still be read at
// `temporary`. False, and nothing done, where the file system can't.
[[nodiscard]] Expected<bool> exchange(const std::string& temporary, const std::string& path);
// Makes what was renamed, created or removed in the directory of `path` last.
[[nodiscard]] Done sync_directory_of(const std::string& path);

// Makes the directory and its parents; those it makes get mode 0700.
[[nodiscard]] Done make_dirs(const std::string& path);
// Names in a directory, sorted; empty when it doesn't exist.
[[nodiscard]] Expected<std::vector<std::string>> list(const std::string& path);
bool remove(const std::string& path) noexcept;
// Opens (with open_own) or creates a file that exists for its lock alone and takes it; not
// locked() when another holds it.
[[nodiscard]] LockedFd lock(const std::string& path) noexcept;

// An exclusive advisory lock on an open file (flock): held until the fd and its
// copies in forked children are closed. Never waits; false when another holds it.
[[nodiscard]] bool try_lock(int fd) noexcept;

}  // namespace file
}  // namespace candor
