// The calls that reach the disk, one for one those of an operating system. Every use of a file goes
// through this table (see files.h), so that a test can make the n-th call fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "platform/mapping.h"

namespace candor {

// How a file is opened. None of these waits on a pipe; a program that is started inherits none. All
// but the first refuse a symbolic link as the path's last component.
enum class Access : std::uint8_t {
  read_through_link,
  read,
  change,
  create,      // or change one that exists; mode 0600
  create_new,  // fails with EEXIST; mode 0600
  directory,   // follows a symbolic link; to be synced
};

enum class Rename : std::uint8_t {
  replace,
  create_new,  // fails with EEXIST when the new name exists
  exchange,    // each gets the other's name; fails with ENOTSUP where the file system can't
};

struct FileInfo {
  enum class Kind : std::uint8_t { regular, directory, link, other };
  Kind kind = Kind::other;
  bool ours = false;  // belongs to the effective user
  std::uint64_t bytes = 0;
  std::uint64_t names = 0;   // hard links; 0 when it was removed while open
  std::uint64_t volume = 0;  // with `id`: which file it is
  std::uint64_t id = 0;
  std::uint32_t mode = 0;
  std::int64_t modified_ns = 0;  // since 1970
  std::int64_t changed_ns = 0;   // of its contents or of what is here
};

// Each call returns 0 or the number of an error (errno); none retries.
class FileCalls {
 public:
  virtual int open(const std::string& path, Access access, int& fd) noexcept = 0;
  // Of the open file, or of what has the name.
  virtual int info(int fd, FileInfo& info) noexcept = 0;
  virtual int info_of(const std::string& path, bool follow_link, FileInfo& info) noexcept = 0;
  // May transfer less than asked; nothing at the end of the file.
  virtual int read(int fd, std::span<std::byte> to, std::uint64_t at,
                   std::size_t& bytes) noexcept = 0;
  virtual int write(int fd, std::span<const std::byte> from, std::uint64_t at,
                    std::size_t& bytes) noexcept = 0;
  // Reserves real blocks up to this size.
  virtual int allocate(int fd, std::uint64_t bytes) noexcept = 0;
  virtual int resize(int fd, std::uint64_t bytes) noexcept = 0;
  virtual int map(int fd, std::uint64_t bytes, Mapping& mapping) noexcept = 0;
  virtual int sync(int fd) noexcept = 0;
  virtual int set_modified(int fd, std::int64_t unix_ms) noexcept = 0;
  // An exclusive advisory lock of the open file, held until it is unlocked, or it and its copies in
  // forked children are closed. Never waits; EWOULDBLOCK when another holds it.
  virtual int lock(int fd) noexcept = 0;
  virtual int rename(const std::string& from, const std::string& to, Rename how) noexcept = 0;
  virtual int remove(const std::string& path) noexcept = 0;
  virtual int make_directory(const std::string& path) noexcept = 0;  // mode 0700
  virtual int list(const std::string& path, std::vector<std::string>& names) = 0;
  // See File::allocation_lasts.
  virtual bool allocation_lasts(int fd) noexcept = 0;

 protected:
  ~FileCalls() = default;
};

// The operating system's.
[[nodiscard]] FileCalls& system_file_calls() noexcept;

// What can't fail, or whose failure nobody could act on.
void close_file(int fd) noexcept;
void unlock_file(int fd) noexcept;

}  // namespace candor
