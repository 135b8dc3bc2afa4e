// What a catalog says of a field, in words that stand in the comments of generated code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace candor::artifact {

// Lines without control characters: what it is, its unit, its bounds, its class.
[[nodiscard]] std::vector<std::string> words(const catalog::Field& field);
[[nodiscard]] std::vector<std::string> words(const catalog::Event& event);
// The lines of a text.
[[nodiscard]] std::vector<std::string> lines(std::string_view text);
// Whether programs of this runtime may emit the event.
[[nodiscard]] bool is_for(const catalog::Event& event, std::string_view runtime) noexcept;
// "0.5", "1000": a bound as people write it.
[[nodiscard]] std::string bound(double value);

}  // namespace candor::artifact
