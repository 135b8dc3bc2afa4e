#include "identity/strict_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "platform/file.h"

namespace candor::identity {
namespace {

template <typename Read>
Expected<std::optional<std::string>> if_there(const std::string& path, Read read) {
  // Twice, because the file may appear between a failed open and the look for what is there.
  for (int i = 0; i < 2; ++i) {
    Expected<std::string> text = read();
    if (text) return std::optional(std::move(*text));
    if (text.error().code != ENOENT) return text.error();
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 && errno == ENOENT) return std::optional<std::string>();
  }
  return Error{path + " is a link to a file that doesn't exist", ENOENT};
}

Expected<std::string> read_own(const std::string& path, std::size_t bytes_max) {
  Expected<std::string> text = file::read_own(path, bytes_max);
  if (text || text.error().code != ELOOP) return text;
  struct stat link {
  }, target{};
  if (::lstat(path.c_str(), &link) != 0 || ::stat(path.c_str(), &target) != 0) {
    return errno == ENOENT ? Error{{}, ENOENT} : text.error();
  }
  const uid_t user = ::geteuid();
  if (link.st_uid != user || target.st_uid != user) {
    return Error{"cannot use " + path + ": the link or its file belongs to another user", EPERM};
  }
  return file::read(path, bytes_max);
}

}  // namespace

Expected<std::optional<std::string>> read_if_there(const std::string& path, std::size_t bytes_max) {
  return if_there(path, [&] { return file::read(path, bytes_max); });
}

Expected<std::optional<std::string>> read_own_if_there(const std::string& path,
                                                       std::size_t bytes_max) {
  return if_there(path, [&] { return read_own(path, bytes_max); });
}

}  // namespace candor::identity
