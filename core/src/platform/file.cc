#include "platform/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/vfs.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "platform/guest.h"
#include "platform/random.h"

namespace candor {

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void LockedFd::unlock() noexcept {
  if (locked()) ::flock(fd_.get(), LOCK_UN);
}

namespace file {
namespace {

Faults faults;

Error failure(std::string_view what, const std::string& path, int code) {
  std::string text(what);
  if (!path.empty()) text.append(" ").append(path);
  return Error{text.append(": ").append(std::strerror(code)), code};
}

std::string temporary_beside(const std::string& path) {
  const UuidText id = uuid4();
  return path + "." + std::string(id.data(), 8) + ".tmp";
}

int sync(int fd) noexcept { return faults.fsync != nullptr ? faults.fsync(fd) : ::fsync(fd); }

Done write_new(const std::string& path, std::string_view text) {
  auto fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!fd) return fd.error();
  if (auto done = write_at(fd->get(), std::as_bytes(std::span(text)), 0); !done) {
    return failure("cannot write", path, done.error().code);
  }
  if (sync(fd->get()) != 0) return failure("cannot sync", path, errno);
  return {};
}

}  // namespace

void inject(const Faults& injected) noexcept { faults = injected; }

Expected<Fd> open(const std::string& path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = faults.open != nullptr ? faults.open(path.c_str(), flags | O_CLOEXEC, mode)
                                : ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return failure("cannot open", path, errno);
  return Fd(fd);
}

Expected<Fd> open_own(const std::string& path, int flags, mode_t mode) {
  auto fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  if (!fd) return fd;
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return failure("cannot open", path, errno);
  if (S_ISDIR(info.st_mode)) return failure("cannot open", path, EISDIR);
  if (!S_ISREG(info.st_mode)) return Error{"cannot open " + path + ": not a regular file", EINVAL};
  if (info.st_uid != ::geteuid()) {
    return Error{"cannot use " + path + ": it belongs to another user", EPERM};
  }
  return fd;
}

Expected<std::size_t> read_at(int fd, std::span<std::byte> to, std::uint64_t at) {
  std::size_t got = 0;
  while (got < to.size()) {
    const off_t offset = static_cast<off_t>(at + got);
    const ssize_t n = faults.pread != nullptr
                          ? faults.pread(fd, to.data() + got, to.size() - got, offset)
                          : ::pread(fd, to.data() + got, to.size() - got, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("cannot read", "", errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Done write_at(int fd, std::span<const std::byte> from, std::uint64_t at) {
  std::size_t put = 0;
  while (put < from.size()) {
    const off_t offset = static_cast<off_t>(at + put);
    const ssize_t n = within_file_limits([&] {
      return faults.pwrite != nullptr
                 ? faults.pwrite(fd, from.data() + put, from.size() - put, offset)
                 : ::pwrite(fd, from.data() + put, from.size() - put, offset);
    });
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure("cannot write", "", n == 0 ? EIO : errno);
    put += static_cast<std::size_t>(n);
  }
  return {};
}

Done allocate(int fd, std::uint64_t bytes) {
  int code = 0;
  do {
    code = within_file_limits([&] {
      return faults.allocate != nullptr ? faults.allocate(fd, 0, static_cast<off_t>(bytes))
                                        : ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
    });
  } while (code == EINTR);
  if (code != 0) return failure("cannot allocate disk space", "", code);
  return {};
}

bool allocation_lasts(int fd) noexcept {
  if (faults.allocation_lasts != nullptr) return faults.allocation_lasts(fd);
#if defined(__linux__)
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
#else
  return false;
#endif
}

namespace {

Expected<std::string> read_all(const Expected<Fd>& fd, const std::string& path,
                               std::size_t bytes_max) {
  if (!fd) return fd.error();
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return failure("cannot read", path, errno);
  if (S_ISDIR(info.st_mode)) return failure("cannot read", path, EISDIR);
  if (!S_ISREG(info.st_mode)) return Error{"cannot read " + path + ": not a regular file", EINVAL};
  if (static_cast<std::uint64_t>(info.st_size) > bytes_max) {
    return Error{path + " is larger than " + std::to_string(bytes_max) + " bytes", EFBIG};
  }
  // One byte more than expected shows a file that grows meanwhile.
  std::string text(static_cast<std::size_t>(info.st_size) + 1, '\0');
  auto got = read_at(fd->get(), std::as_writable_bytes(std::span(text)), 0);
  if (!got) return failure("cannot read", path, got.error().code);
  text.resize(*got);
  return text;
}

}  // namespace

// O_NONBLOCK: a pipe in the file's place must not make us wait.
Expected<std::string> read(const std::string& path, std::size_t bytes_max) {
  return read_all(open(path, O_RDONLY | O_NONBLOCK), path, bytes_max);
}

Expected<std::string> read_own(const std::string& path, std::size_t bytes_max) {
  return read_all(open_own(path, O_RDONLY), path, bytes_max);
}

Expected<std::string> write_temporary(const std::string& path, std::string_view text) {
  std::string temporary = temporary_beside(path);
  if (auto done = write_new(temporary, text); !done) {
    remove(temporary);
    return done.error();
  }
  return temporary;
}

Done put_in_place(const std::string& temporary, const std::string& path) {
  const int renamed = faults.rename != nullptr ? faults.rename(temporary.c_str(), path.c_str())
                                               : ::rename(temporary.c_str(), path.c_str());
  if (renamed == 0) return {};
  const int code = errno;
  remove(temporary);
  return failure("cannot replace", path, code);
}

Expected<bool> exchange(const std::string& temporary, const std::string& path) {
  int done = -1;
  if (faults.exchange != nullptr) {
    done = faults.exchange(temporary.c_str(), path.c_str());
  } else if (faults.rename != nullptr) {
    return false;
  } else {
#if defined(__linux__)
    done = ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE);
#elif defined(__APPLE__)
    done = ::renamex_np(temporary.c_str(), path.c_str(), RENAME_SWAP);
#else
    return false;
#endif
  }
  if (done == 0) return true;
  // The call, or the file system, does not know the flag.
  if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP) return false;
  return failure("cannot replace", path, errno);
}

Done sync_directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string dir =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const auto fd = open(dir, O_RDONLY | O_DIRECTORY);
  if (!fd) return {};  // may be written and not read: then it can't be synced
  if (sync(fd->get()) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS) return {};
  return failure("cannot sync", dir, errno);
}

Done write_atomic(const std::string& path, std::string_view text) {
  const auto temporary = write_temporary(path, text);
  if (!temporary) return temporary.error();
  if (auto done = put_in_place(*temporary, path); !done) return done;
  return sync_directory_of(path);
}

Done create_atomic(const std::string& path, std::string_view text) {
  const auto temporary = write_temporary(path, text);
  if (!temporary) return temporary.error();
  // link, unlike rename, never replaces; FAT and some FUSE file systems know no links.
  int linked = ::link(temporary->c_str(), path.c_str());
#if defined(__linux__)
  if (linked != 0 && errno != EEXIST) {
    linked = ::renameat2(AT_FDCWD, temporary->c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
  }
#endif
  const int code = errno;
  remove(*temporary);
  if (linked != 0) return failure("cannot create", path, code);
  return sync_directory_of(path);
}

Done make_dirs(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return failure("cannot use", path, ENOTDIR);
  }
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) {
    if (auto done = make_dirs(path.substr(0, slash)); !done) return done;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return failure("cannot create directory", path, errno);
  }
  return {};
}

Expected<std::vector<std::string>> list(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) {
    if (errno == ENOENT) return names;
    return failure("cannot list", path, errno);
  }
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

bool remove(const std::string& path) noexcept { return ::unlink(path.c_str()) == 0; }

bool try_lock(int fd) noexcept {
  int answer = 0;
  do { answer = ::flock(fd, LOCK_EX | LOCK_NB); } while (answer != 0 && errno == EINTR);
  return answer == 0;
}

LockedFd lock(const std::string& path) noexcept {
  auto fd = open_own(path, O_RDWR | O_CREAT);
  if (!fd) return {};
  const bool locked = try_lock(fd->get());
  return LockedFd(std::move(*fd), locked);
}

}  // namespace file
}  // namespace candor
