// A lock between processes that leaves no file behind: LOCK is created, locked with flock,
// and removed by its holder. A holder that dies leaves an unlocked file, which the next
// one takes over and removes.
//
// A lock file rather than a lock on the directory, because NFS refuses to lock
// exclusively what is not open for writing; rather than on the guarded file, because every
// rewrite replaces that file's inode.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/file.h"

namespace candor::identity {

class LockFile {
 public:
  // Never waits. An error with code EWOULDBLOCK when another process holds it.
  [[nodiscard]] static Expected<LockFile> try_acquire(std::string path);
  // Tries again every few milliseconds until `wait_ms` have passed; gives up at once when
  // the lock can't even be created.
  [[nodiscard]] static Expected<LockFile> acquire(const std::string& path, int wait_ms);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  LockFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  Fd fd_;
};

}  // namespace candor::identity
