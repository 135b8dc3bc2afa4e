// Where a directory really is, so that one project has one id by whichever path it is reached.
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "identity/identity.h"

namespace candor::identity {
namespace {

// As many as the kernel follows.
constexpr int kLinksMax = 40;

std::string absolute(const std::string& path) {
  if (path.front() == '/') return path;
  char here[PATH_MAX];
  return ::getcwd(here, sizeof here) != nullptr ? std::string(here) + "/" + path : path;
}

// The components of a path, the last one first.
void push(std::vector<std::string>& rest, std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find_last_of('/');
    const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
    if (!name.empty() && name != ".") rest.emplace_back(name);
    path = slash == path.npos ? std::string_view() : path.substr(0, slash);
  }
}

// Like realpath, which fails for what isn't there: each link on the way is followed, also one that
// leads to nothing (yet), and the rest is taken by its text.
std::string resolved(const std::string& path) {
  std::vector<std::string> rest;
  push(rest, path);
  std::string real;
  int links = 0;
  while (!rest.empty()) {
    const std::string name = std::move(rest.back());
    rest.pop_back();
    if (name == "..") {
      real.resize(real.empty() ? 0 : real.find_last_of('/'));
      continue;
    }
    const std::string here = real + "/" + name;
    char target[PATH_MAX];
    const ssize_t n = links < kLinksMax ? ::readlink(here.c_str(), target, sizeof target) : -1;
    if (n <= 0) {
      real = here;
      continue;
    }
    ++links;
    if (target[0] == '/') real.clear();
    push(rest, std::string_view(target, static_cast<std::size_t>(n)));
  }
  return real.empty() ? "/" : real;
}

}  // namespace

std::string project_id(std::string_view install_id, const std::string& directory) {
  if (install_id.empty() || directory.empty()) return {};
  return sha256_hex(std::string(install_id) + ":" + resolved(absolute(directory)));
}

bool is_project_id(std::string_view id) noexcept {
  return id.size() == kProjectIdBytes &&
         id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace candor::identity
