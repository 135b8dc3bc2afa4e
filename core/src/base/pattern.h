// The named patterns that a catalog may ask of a string. Each is one matcher
// written by hand and one regular expression that says the same, so that the core
// and the schema artifact can't disagree about a name's meaning.
#pragma once

#include <cstdint>
#include <string_view>

namespace candor {

enum class Pattern : std::uint8_t { none, identifier, slug, semver, uuid, date, hex, locale };

// Whether the whole of `text` is what the pattern describes; always for `none`.
[[nodiscard]] bool matches(Pattern pattern, std::string_view text) noexcept;

// The same as a regular expression that means one thing in ECMAScript (also with the u
// flag) and in Python; anchored at both ends. Empty for `none`.
[[nodiscard]] std::string_view regex(Pattern pattern) noexcept;

}  // namespace candor
