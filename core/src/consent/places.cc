#include "consent/places.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <optional>

#include "platform/process.h"

namespace candor::consent {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Whoever owns a directory and, where a symbolic link leads to it, the link. Nothing when it
// can't be looked at.
struct Owners {
  uid_t of_link, of_directory;
};
std::optional<Owners> owners_of(const std::string& path) noexcept {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  const uid_t link = info.st_uid;
  if (S_ISLNK(info.st_mode) && ::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Owners{link, info.st_uid};
}

bool lies_in(const std::string& path, const std::string& dir) {
  return dir.size() > 1 && path.starts_with(dir) &&
         (path.size() == dir.size() || path[dir.size()] == '/');
}

// errno of the first directory on the way up that exists and can't be written, or 0.
int refusal(std::string path, std::string& at) {
  for (;; path = parent_of(path)) {
    at = path;
    if (::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0) {
      struct stat info {};
      return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode) ? ENOTDIR : 0;
    }
    if (errno != ENOENT || path == "/" || path == ".") return errno;
  }
}

}  // namespace

std::string foreign(const Places& places) {
  if (has_borrowed_rights()) return "the program runs with rights that its caller does not have";
  const uid_t user = ::geteuid();
  const auto another = [](const std::string& path) { return path + " belongs to another user"; };
  if (lies_in(places.home, places.user_home)) {
    const auto owners = owners_of(places.user_home);
    if (owners && owners->of_directory != user) return another(places.user_home);
  }
  for (const std::string* dir : {&places.home, &places.spool_dir}) {
    if (dir->empty()) continue;
    if (const auto owners = owners_of(*dir)) {
      const bool ours =
          owners->of_directory == user && (owners->of_link == user || owners->of_link == 0);
      if (!ours) return another(*dir);
      continue;
    }
    if (errno != ENOENT || dir == &places.spool_dir) continue;
    for (std::string above = *dir; above != "/" && above != ".";) {
      above = parent_of(above);
      if (const auto owners = owners_of(above)) {
        if (owners->of_directory != user && owners->of_directory != 0) return another(above);
        break;
      }
    }
  }
  return {};
}

std::string unwritable(const Places& places, bool write_home) {
  std::string at;
  const auto problem = [&](const std::string& path) {
    const int code = path.empty() ? 0 : refusal(path, at);
    return code == 0 ? std::string() : "cannot write to " + at + ": " + std::strerror(code);
  };
  if (write_home) {
    if (auto text = problem(places.home); !text.empty()) return text;
  }
  return problem(places.spool_dir);
}

std::uint64_t fingerprint(const Places& places) {
  std::uint64_t print = 0;
  std::string at;
  for (const std::string* path : {&places.user_home, &places.home, &places.spool_dir}) {
    const auto owners = owners_of(*path);
    print = print * 31 + (owners ? std::uint64_t{owners->of_directory} + 1 : 0);
    print = print * 31 + (owners ? std::uint64_t{owners->of_link} + 1 : 0);
    if (path == &places.user_home || path->empty()) continue;
    print = print * 31 + static_cast<std::uint64_t>(refusal(*path, at));
  }
  return print;
}

}  // namespace candor::consent
