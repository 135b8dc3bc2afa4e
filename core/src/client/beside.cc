#include "client/beside.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <utility>

namespace candor::client {
namespace {

std::string file_of_this_code() {
  Dl_info here{};
  const auto* const address = reinterpret_cast<const void*>(&file_of_this_code);
  if (::dladdr(address, &here) != 0 && here.dli_fname != nullptr && here.dli_fname[0] == '/') {
    return here.dli_fname;
  }
  // For code linked into the program itself, dladdr answers with argv[0].
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

// Whose files this process runs anyway.
class Trust {
 public:
  explicit Trust(const std::string& code) noexcept {
    struct stat info {};
    if (code.empty() || ::stat(code.c_str(), &info) != 0) return;
    owner_ = info.st_uid;
    open_to_all_ = (info.st_mode & S_IWOTH) != 0;
  }

  [[nodiscard]] bool covers(const std::string& path) const noexcept {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return false;
    if (info.st_uid != 0 && info.st_uid != user_ && info.st_uid != owner_) return false;
    mode_t others = S_IWOTH;
    if (privileged_ && info.st_uid != 0) others |= S_IWGRP;
    return open_to_all_ || (info.st_mode & others) == 0;
  }

 private:
  const uid_t user_ = ::geteuid();
  const bool privileged_ = user_ == 0 || user_ != ::getuid() || ::getegid() != ::getgid();
  uid_t owner_ = user_;
  bool open_to_all_ = false;
};

}  // namespace

std::vector<std::string> beside_this_code(const std::string& name, const std::string& sibling,
                                          const std::string& installed) {
  const std::string file = file_of_this_code();
  const std::string dir = file.substr(0, file.find_last_of('/') + 1);
  const Trust trust(file);
  std::vector<std::string> paths;
  const auto add = [&](const std::string& directory) {
    std::string path = directory + "/" + name;
    if (trust.covers(directory) && trust.covers(path)) paths.push_back(std::move(path));
  };
  if (!dir.empty()) {
    add(dir + ".");
    if (trust.covers(dir + "..")) add(dir + "../" + sibling);
  }
  add(installed);
  return paths;
}

void keep_this_code() noexcept {
  Dl_info here{};
  const auto* const address = reinterpret_cast<const void*>(&file_of_this_code);
  if (::dladdr(address, &here) == 0 || here.dli_fname == nullptr) return;
  // Loaded already, so this only marks it. Never closed.
  static_cast<void>(::dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE));
}

}  // namespace candor::client
