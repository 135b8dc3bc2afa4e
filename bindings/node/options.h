// The object that candor.open is given, as the core's options.
#pragma once

#include <napi.h>

#include "candor/options.h"

namespace candor::node {

// Throws Napi::TypeError or Napi::RangeError, naming the option and never its value.
[[nodiscard]] Options read_options(const Napi::Object& given);

}  // namespace candor::node
