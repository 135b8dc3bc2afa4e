// What differs between two texts, for people: lines in the manner of `diff -u`.
#pragma once

#include <string>
#include <string_view>

namespace candor::cli {

inline constexpr std::size_t kDiffLinesMax = 80;

// Empty when the texts are equal. At most kDiffLinesMax lines, and a last one
// that says so when more differ. Not minimal; linear in the texts for a small change.
[[nodiscard]] std::string diff(std::string_view before, std::string_view after);

}  // namespace candor::cli
