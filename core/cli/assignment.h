// "name=text" and "name:=JSON": how arguments give a name a value.
#pragma once

#include <string_view>

#include "base/result.h"
#include "candor/event.h"
#include "json_text.h"

namespace candor::cli {

// Points into the argument and into `store`.
[[nodiscard]] Expected<Field> parse_assignment(std::string_view argument, JsonText& store);

}  // namespace candor::cli
