// The file system, as candor uses it: bounded reads, atomic writes, advisory locks. Every call
// retries EINTR and reports failure as a value. `Files` is passed to what uses files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/file_calls.h"

namespace candor {

// An open file. A lock that was taken is released before the file is closed: closing alone would
// leave it held by the copies in forked children.
class File {
 public:
  File() = default;
  File(int fd, FileCalls& calls) noexcept : fd_(fd), calls_(&calls) {}
  File(File&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        calls_(other.calls_),
        locked_(std::exchange(other.locked_, false)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(calls_, other.calls_);
    std::swap(locked_, other.locked_);
    return *this;
  }
  ~File();

  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

  [[nodiscard]] Expected<FileInfo> info() const;
  // Reads `to.size()` bytes at `at`; fewer only at the end of the file.
  [[nodiscard]] Expected<std::size_t> read_at(std::span<std::byte> to, std::uint64_t at) const;
  [[nodiscard]] Done write_at(std::span<const std::byte> from, std::uint64_t at) const;
  // Reserves real blocks, so that a later store to a mapping can't meet a full disk.
  [[nodiscard]] Done allocate(std::uint64_t bytes) const;
  // Whether the file system is known to keep allocated blocks ours until we store to them. On
  // a copy-on-write or network file system they aren't, and a store to a mapping could raise
  // SIGBUS.
  [[nodiscard]] bool allocation_lasts() const noexcept;
  [[nodiscard]] Done resize(std::uint64_t bytes) const;
  // The first `bytes`: a store is a change of the file, and survives the process.
  [[nodiscard]] Expected<Mapping> map(std::uint64_t bytes) const;
  [[nodiscard]] Done sync() const;
  // Sets the time of its last change.
  bool set_modified(std::int64_t unix_ms) const noexcept;

  // An exclusive advisory lock. Never waits; false when another holds it.
  [[nodiscard]] bool try_lock() noexcept;
  [[nodiscard]] bool locked() const noexcept { return locked_; }
  // Closing leaves the lock alone from now on: it is the parent's of this forked child.
  void disown() noexcept { locked_ = false; }

 private:
  int fd_ = -1;
  FileCalls* calls_ = nullptr;
  bool locked_ = false;
};

// Small, and copied freely; the calls must outlive it.
class Files {
 public:
  Files() noexcept : calls_(&system_file_calls()) {}
  explicit Files(FileCalls& calls) noexcept : calls_(&calls) {}

  [[nodiscard]] Expected<File> open(const std::string& path, Access access) const;
  // The same for a file that must be this user's own: a regular file that belongs to the effective
  // user. Anything else is an error with EPERM, ELOOP or EINVAL: another user may have prepared it.
  [[nodiscard]] Expected<File> open_own(const std::string& path, Access access) const;
  // Opens (with open_own) or creates a file that exists for its lock alone and takes it; not
  // locked() when another holds it.
  [[nodiscard]] File lock(const std::string& path) const noexcept;

  // The whole file; an error when it is larger than `bytes_max` or no regular file.
  [[nodiscard]] Expected<std::string> read(const std::string& path, std::size_t bytes_max) const;
  // The same of a file opened with open_own.
  [[nodiscard]] Expected<std::string> read_own(const std::string& path,
                                               std::size_t bytes_max) const;
  // Temporary file in the same directory, sync, rename, sync of the directory. Replaces a symbolic
  // link at `path` instead of following it. Mode 0600.
  [[nodiscard]] Done write_atomic(const std::string& path, std::string_view text) const;
  // The same, but fails with EEXIST when `path` exists: of many processes one wins.
  [[nodiscard]] Done create_atomic(const std::string& path, std::string_view text) const;

  // The steps of write_atomic, for a caller that has to look at `path` between them.
  // Writes and syncs a new file in the directory of `path` and returns its name.
  [[nodiscard]] Expected<std::string> write_temporary(const std::string& path,
                                                      std::string_view text) const;
  // Renames `temporary` to `path` without a sync. Removes it on failure.
  [[nodiscard]] Done put_in_place(const std::string& temporary, const std::string& path) const;
  // Exchanges the two names in one step, so that what was at `path` can still be read at
  // `temporary`. False, and nothing done, where the file system can't.
  [[nodiscard]] Expected<bool> exchange(const std::string& temporary,
                                        const std::string& path) const;
  // Makes what was renamed, created or removed in the directory of `path` last.
  [[nodiscard]] Done sync_directory_of(const std::string& path) const;

  [[nodiscard]] Done rename(const std::string& from, const std::string& to) const;
  // Error code ENOENT when there is none.
  [[nodiscard]] Done remove(const std::string& path) const;
  // Makes the directory and its parents; those it makes get mode 0700.
  [[nodiscard]] Done make_dirs(const std::string& path) const;
  // Names in a directory, sorted; empty when it doesn't exist.
  [[nodiscard]] Expected<std::vector<std::string>> list(const std::string& path) const;
  // What has this name: what a symbolic link leads to, or the link itself.
  [[nodiscard]] Expected<FileInfo> info(const std::string& path) const;
  [[nodiscard]] Expected<FileInfo> link_info(const std::string& path) const;

 private:
  FileCalls* calls_;
};

}  // namespace candor
