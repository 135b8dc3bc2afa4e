#include "client/upload_library.h"

#include <dlfcn.h>

#include "client/beside.h"

namespace candor::client {
namespace {

#if defined(__APPLE__)
constexpr char kName[] = "libcandor-upload.dylib";
#else
constexpr char kName[] = "libcandor-upload.so";
#endif

const candor_upload_api* load_from(const std::string& path) noexcept {
  // RTLD_LOCAL: its libcurl and OpenSSL must not meet the host's own. Never closed: its threads and
  // what OpenSSL registered for exit outlive any one client.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return nullptr;
  const auto* api = static_cast<const candor_upload_api*>(::dlsym(library, "candor_upload"));
  return api != nullptr && api->abi == CANDOR_UPLOAD_ABI ? api : nullptr;
}

}  // namespace

const candor_upload_api* load_upload_library(const std::string& named) {
  if (!named.empty()) return load_from(named);
  for (const std::string& path :
       beside_this_code(kName, {"../lib", ".."}, CANDOR_INSTALLED_LIBDIR)) {
    if (const auto* api = load_from(path)) return api;
  }
  return load_from(kName);
}

}  // namespace candor::client
