// How names of a catalog are spelled in generated code.
#pragma once

#include <string>
#include <string_view>

namespace candor::catalog {

// "PlanCompleted" of "plan_completed" and of "plan-completed"; "DurationMs" of "durationMs".
[[nodiscard]] std::string pascal_case(std::string_view name);
// Whether a field of this name can't be a keyword argument of Python.
[[nodiscard]] bool is_python_keyword(std::string_view name) noexcept;

}  // namespace candor::catalog
