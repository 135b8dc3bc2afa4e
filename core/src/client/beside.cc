#include "client/beside.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>

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

}  // namespace

std::vector<std::string> beside_this_code(const std::string& name,
                                          std::initializer_list<const char*> places,
                                          const char* installed) {
  const std::string file = file_of_this_code();
  const std::string dir = file.substr(0, file.find_last_of('/') + 1);
  std::vector<std::string> paths;
  if (!dir.empty()) {
    paths.push_back(dir + name);
    for (const char* place : places) paths.push_back(dir + place + "/" + name);
  }
  paths.push_back(std::string(installed) + "/" + name);
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
