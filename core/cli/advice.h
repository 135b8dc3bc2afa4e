// What a person can do about a rejected event, as far as the catalog knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "candor/event.h"
#include "candor/outcome.h"
#include "catalog/catalog.h"

namespace candor::cli {

// A few words, "did you mean cups?", or empty. Names fields and options, never a value.
// `typed` are the fields as arguments gave them; empty when they came from elsewhere.
[[nodiscard]] std::string advice(const catalog::Catalog& catalog, std::string_view event,
                                 std::span<const Field> typed, const Outcome& outcome);

}  // namespace candor::cli
