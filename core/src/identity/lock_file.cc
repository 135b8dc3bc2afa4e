#include "identity/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace candor::identity {
namespace {

constexpr int kRetryMs = 2;
// Each try beyond the first means that another process removed its lock meanwhile.
constexpr int kRemovedTriesMax = 64;

// Whether `path` still names the file that is open as `fd`.
bool is_at(const std::string& path, int fd) {
  struct stat of_fd {
  }, of_path{};
  return ::fstat(fd, &of_fd) == 0 && ::lstat(path.c_str(), &of_path) == 0 &&
         of_fd.st_dev == of_path.st_dev && of_fd.st_ino == of_path.st_ino;
}

}  // namespace

Expected<LockFile> LockFile::try_acquire(std::string path) {
  for (int i = 0; i < kRemovedTriesMax; ++i) {
    auto fd = file::open_own(path, O_RDWR | O_CREAT);
    if (!fd) return fd.error();
    if (!file::try_lock(fd->get())) break;
    // The last holder may have removed the file between our open and our lock.
    if (is_at(path, fd->get())) return LockFile(std::move(path), std::move(*fd));
  }
  return Error{path + " is locked by another process", EWOULDBLOCK};
}

Expected<LockFile> LockFile::acquire(const std::string& path, int wait_ms) {
  for (int waited_ms = 0;; waited_ms += kRetryMs) {
    auto lock = try_acquire(path);
    if (lock || lock.error().code != EWOULDBLOCK || waited_ms >= wait_ms) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(kRetryMs));
  }
}

// Removing ends the lock for the next one even if a child that was forked meanwhile keeps a
// copy of the descriptor.
LockFile::~LockFile() {
  if (fd_.valid()) file::remove(path_);
}

}  // namespace candor::identity
