// Any bytes as a catalog file: never a crash, problems that point into the file,
// and a schema artifact that is JSON when the catalog is good.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "artifact/artifact.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "fuzz.h"

using candor::fuzz::require;

namespace {

void look_at(const candor::catalog::Loaded& loaded, std::size_t lines) {
  bool error = false;
  for (const auto& problem : loaded.problems) {
    require(problem.line >= 1 && problem.line <= lines, "a problem's line is in the file");
    require(problem.column >= 1, "columns count from 1");
    require(!problem.text.empty() && !problem.rule.empty(), "a problem says what and which rule");
    require(candor::utf8_length(problem.text).has_value(), "a problem's text is UTF-8");
    error |= problem.severity == candor::catalog::Severity::error;
  }
  require(error != loaded.catalog.has_value(), "a catalog, or an error");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;

  const auto loaded = candor::catalog::load(text);
  look_at(loaded, lines);
  const auto checked = candor::catalog::check(text, "2026-01-02");
  look_at(checked, lines);
  require(!checked.catalog || loaded.catalog, "what check accepts can be loaded");

  if (loaded.catalog) {
    const std::string artifact = candor::artifact::schema(*loaded.catalog);
    require(nlohmann::json::accept(artifact), "the schema artifact is JSON");
    require(artifact == candor::artifact::schema(*loaded.catalog), "and always the same");
  }
  return 0;
}
