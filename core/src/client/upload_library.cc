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

// A host such as Node exports an OpenSSL of its own, and the loader would give libcurl that one's
// functions, of whatever version, instead of those that it was built for. Looking among its own
// libraries first keeps the two apart. Not where the host brought another malloc (jemalloc, a
// sanitizer), because what the C library allocates with that would be freed with the C library's
// own. Every malloc has the function that tells, and hosts do not take its address, which would be
// found in its place.
int own_libraries_first() noexcept {
#ifdef RTLD_DEEPBIND
  const auto library_of = [](const char* symbol) noexcept -> const void* {
    Dl_info info{};
    void* const address = ::dlsym(RTLD_DEFAULT, symbol);
    return address != nullptr && ::dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
  };
  if (::dlsym(RTLD_DEFAULT, "SSL_CTX_new") != nullptr &&
      library_of("malloc_usable_size") == library_of("gnu_get_libc_version")) {
    return RTLD_DEEPBIND;
  }
#endif
  return 0;
}

const candor_upload_api* load_from(const std::string& path) noexcept {
  // RTLD_LOCAL: its libcurl and OpenSSL must not meet the host's own. Never closed: its threads and
  // what OpenSSL registered for exit outlive any one client.
  void* const library =
      ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | own_libraries_first());
  if (library == nullptr) return nullptr;
  const auto* api = static_cast<const candor_upload_api*>(::dlsym(library, "candor_upload"));
  return api != nullptr && api->abi == CANDOR_UPLOAD_ABI ? api : nullptr;
}

}  // namespace

const candor_upload_api* load_upload_library(const std::string& named) {
  if (!named.empty()) return load_from(named);
  for (const std::string& path : beside_this_code(kName, "lib", CANDOR_INSTALLED_LIBDIR)) {
    if (const auto* api = load_from(path)) return api;
  }
  return nullptr;
}

}  // namespace candor::client
