#include "identity/strict_file.h"

#include <sys/stat.h>

#include <cerrno>

#include "platform/file.h"

namespace candor::identity {

Expected<std::optional<std::string>> read_if_there(const std::string& path, std::size_t bytes_max) {
  // Twice, because the file may appear between a failed open and the look for what is there.
  for (int i = 0; i < 2; ++i) {
    auto text = file::read(path, bytes_max);
    if (text) return std::optional(std::move(*text));
    if (text.error().code != ENOENT) return text.error();
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 && errno == ENOENT) return std::optional<std::string>();
  }
  return Error{path + " is a link to a file that doesn't exist", ENOENT};
}

}  // namespace candor::identity
