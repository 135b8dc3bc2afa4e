#include "platform/system.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <optional>
#include <string_view>
#include <utility>

namespace candor {
namespace {

std::optional<utsname> system_name() noexcept {
  utsname name{};
  if (::uname(&name) < 0) return std::nullopt;
  return name;
}

}  // namespace

Environment process_environment() {
  Variables variables;
  for (char** at = ::environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment_of(std::move(variables));
}

std::string os_platform() {
#if defined(_WIN32)
  return "win32";
#elif defined(__APPLE__)
  return "darwin";
#elif defined(__ANDROID__)
  return "android";
#elif defined(__linux__)
  return "linux";
#elif defined(__FreeBSD__)
  return "freebsd";
#elif defined(__OpenBSD__)
  return "openbsd";
#elif defined(__NetBSD__)
  return "netbsd";
#elif defined(__sun)
  return "sunos";
#elif defined(_AIX)
  return "aix";
#else
  return "unknown";
#endif
}

std::string os_release() {
  const auto name = system_name();
  return name ? std::string(name->release) : std::string();
}

// The process's architecture, not the machine's, so that an emulated or a 32-bit
// process says the same whichever language runtime asks.
std::string cpu_arch() {
#if defined(__x86_64__) || defined(_M_X64)
  return "x64";
#elif defined(__aarch64__) || defined(_M_ARM64)
  return "arm64";
#elif defined(__i386__) || defined(_M_IX86)
  return "ia32";
#elif defined(__arm__) || defined(_M_ARM)
  return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64";
#elif defined(__powerpc__)
  return "ppc";
#elif defined(__s390x__)
  return "s390x";
#elif defined(__loongarch64)
  return "loong64";
#elif defined(__mips__) && defined(__MIPSEL__)
  return "mipsel";
#elif defined(__mips__)
  return "mips";
#else
  const auto name = system_name();
  return name ? std::string(name->machine) : std::string("unknown");
#endif
}

}  // namespace candor
