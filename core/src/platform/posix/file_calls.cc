#include "platform/file_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "platform/guest.h"
#include "platform/posix/file_extras.h"

namespace candor {
namespace {

// O_NONBLOCK: a pipe in the file's place must not make us wait.
int flags_of(Access access) noexcept {
  switch (access) {
    case Access::read_through_link: return O_RDONLY | O_NONBLOCK;
    case Access::read: return O_RDONLY | O_NONBLOCK | O_NOFOLLOW;
    case Access::change: return O_RDWR | O_NONBLOCK | O_NOFOLLOW;
    case Access::create: return O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CREAT;
    case Access::create_new: return O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CREAT | O_EXCL;
    case Access::directory: return O_RDONLY | O_DIRECTORY;
  }
  return O_RDONLY;
}

FileInfo info_from(const struct stat& info) noexcept {
  FileInfo result;
  result.kind = S_ISREG(info.st_mode)   ? FileInfo::Kind::regular
                : S_ISDIR(info.st_mode) ? FileInfo::Kind::directory
                : S_ISLNK(info.st_mode) ? FileInfo::Kind::link
                                        : FileInfo::Kind::other;
  result.ours = info.st_uid == ::geteuid();
  result.bytes = static_cast<std::uint64_t>(info.st_size);
  result.names = static_cast<std::uint64_t>(info.st_nlink);
  result.volume = static_cast<std::uint64_t>(info.st_dev);
  result.id = static_cast<std::uint64_t>(info.st_ino);
  result.mode = static_cast<std::uint32_t>(info.st_mode);
  result.modified_ns = modified_ns(info);
  result.changed_ns = changed_ns(info);
  return result;
}

int errno_unless(bool ok) noexcept { return ok ? 0 : errno; }

// link, unlike rename, never replaces; FAT and some FUSE file systems know no links.
int create_name(const char* from, const char* to) noexcept {
  if (::link(from, to) == 0) {
    ::unlink(from);
    return 0;
  }
  const int code = errno;
  if (code == EEXIST) return code;
  const int renamed = rename_to_new(from, to);
  return renamed == ENOTSUP ? code : renamed;
}

class SystemFileCalls final : public FileCalls {
 public:
  int open(const std::string& path, Access access, int& fd) noexcept override {
    fd = ::open(path.c_str(), flags_of(access) | O_CLOEXEC, 0600);
    return errno_unless(fd >= 0);
  }

  int info(int fd, FileInfo& info) noexcept override {
    struct stat from {};
    if (::fstat(fd, &from) != 0) return errno;
    info = info_from(from);
    return 0;
  }

  int info_of(const std::string& path, bool follow_link, FileInfo& info) noexcept override {
    struct stat from {};
    if ((follow_link ? ::stat(path.c_str(), &from) : ::lstat(path.c_str(), &from)) != 0) {
      return errno;
    }
    info = info_from(from);
    return 0;
  }

  int read(int fd, std::span<std::byte> to, std::uint64_t at,
           std::size_t& bytes) noexcept override {
    const ssize_t n = ::pread(fd, to.data(), to.size(), static_cast<off_t>(at));
    if (n >= 0) bytes = static_cast<std::size_t>(n);
    return errno_unless(n >= 0);
  }

  int write(int fd, std::span<const std::byte> from, std::uint64_t at,
            std::size_t& bytes) noexcept override {
    return within_file_limits([&] {
      const ssize_t n = ::pwrite(fd, from.data(), from.size(), static_cast<off_t>(at));
      if (n >= 0) bytes = static_cast<std::size_t>(n);
      return errno_unless(n >= 0);
    });
  }

  int allocate(int fd, std::uint64_t bytes) noexcept override {
    return within_file_limits([&] { return ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)); });
  }

  int resize(int fd, std::uint64_t bytes) noexcept override {
    return within_file_limits(
        [&] { return errno_unless(::ftruncate(fd, static_cast<off_t>(bytes)) == 0); });
  }

  int map(int fd, std::uint64_t bytes, Mapping& mapping) noexcept override {
    return Mapping::of_file(fd, bytes, mapping);
  }

  int sync(int fd) noexcept override { return errno_unless(::fsync(fd) == 0); }

  int set_modified(int fd, std::int64_t unix_ms) noexcept override {
    const timespec time{static_cast<time_t>(unix_ms / 1000),
                        static_cast<long>(unix_ms % 1000) * 1'000'000};
    const timespec times[2] = {time, time};
    return errno_unless(::futimens(fd, times) == 0);
  }

  int lock(int fd) noexcept override { return errno_unless(::flock(fd, LOCK_EX | LOCK_NB) == 0); }

  int rename(const std::string& from, const std::string& to, Rename how) noexcept override {
    switch (how) {
      case Rename::create_new: return create_name(from.c_str(), to.c_str());
      case Rename::exchange: return rename_exchange(from.c_str(), to.c_str());
      case Rename::replace: break;
    }
    return errno_unless(::rename(from.c_str(), to.c_str()) == 0);
  }

  int remove(const std::string& path) noexcept override {
    return errno_unless(::unlink(path.c_str()) == 0);
  }

  int make_directory(const std::string& path) noexcept override {
    return errno_unless(::mkdir(path.c_str(), 0700) == 0);
  }

  int list(const std::string& path, std::vector<std::string>& names) override {
    DIR* const dir = ::opendir(path.c_str());
    if (dir == nullptr) return errno;
    const std::unique_ptr<DIR, int (*)(DIR*)> closed(dir, ::closedir);
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(dir);
      if (entry == nullptr) return errno;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }

  bool allocation_lasts(int fd) noexcept override { return writes_in_place(fd); }
};

}  // namespace

FileCalls& system_file_calls() noexcept {
  static constinit SystemFileCalls calls;  // has no state
  return calls;
}

void close_file(int fd) noexcept { ::close(fd); }
void unlock_file(int fd) noexcept { ::flock(fd, LOCK_UN); }

}  // namespace candor
