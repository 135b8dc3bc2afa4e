// Environment variables, replaceable in tests, and what they tell of where a process runs.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// Looks a variable up; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
using Variables = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] Environment environment_of(Variables variables);

// Whether a variable is a signal: set, and none of "", 0, false, no, off (any case).
[[nodiscard]] bool is_signal(const std::optional<std::string>& value) noexcept;

// "~" and "~/x" with HOME put in; any other path as it is. Nothing when HOME is needed and
// not set, empty or relative, and for "~user", which only a shell understands.
[[nodiscard]] std::optional<std::string> expand_home(std::string_view path, const Environment& env);

// The name of the CI system this runs under (github-actions, gitlab, ...; other), from a
// table of vendors' variables; empty when none. The variable's name is what users are told.
[[nodiscard]] std::string ci_name(const Environment& env);
[[nodiscard]] std::string ci_variable(const Environment& env);
// The coding agent that runs this command (claude-code, cursor, codex, ...); empty when none.
[[nodiscard]] std::string agent_name(const Environment& env);

}  // namespace candor
