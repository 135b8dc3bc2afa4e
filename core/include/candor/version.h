#pragma once

namespace candor {

// The one place the version is written: the build, the wheel and $lib_version read it.
inline constexpr char kVersion[] = "0.2.0";

}  // namespace candor
