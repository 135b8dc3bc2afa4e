// The object that candor.open is given, as the core's options.
#pragma once

#include <napi.h>

#include <functional>
#include <map>
#include <string>

#include "candor/options.h"

namespace candor::node {

// Throws Napi::TypeError or Napi::RangeError, naming the option and never its value.
[[nodiscard]] Options read_options(const Napi::Object& given);

// process.env: a worker may have one of its own, and the C library's is guarded by a lock of
// Node's.
[[nodiscard]] std::map<std::string, std::string, std::less<>> read_environment(
    const Napi::Object& variables);

}  // namespace candor::node
