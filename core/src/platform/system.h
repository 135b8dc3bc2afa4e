// What the operating system says of itself and of this process.
#pragma once

#include <string>

#include "base/environment.h"

namespace candor {

// As it is now: a getenv later, on another thread, would race with the host's setenv.
[[nodiscard]] Environment process_environment();

// Facts for the envelope, the same in every language.
[[nodiscard]] std::string os_platform();  // linux, darwin, win32, freebsd
[[nodiscard]] std::string os_release();   // uname -r
[[nodiscard]] std::string cpu_arch();     // this process's, as Node names it: x64, arm64, ia32, ...

}  // namespace candor
