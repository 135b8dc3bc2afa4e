// The upload part, loaded when it is first needed.
#pragma once

#include <string>

#include "candor/upload.h"

namespace candor::client {

// From `named`, or when that is empty from where beside_this_code finds it, and nowhere else.
// Null when there is none, or it is of another version. Never unloaded.
[[nodiscard]] const candor_upload_api* load_upload_library(const std::string& named);

}  // namespace candor::client
