// How long a client waits for its catalog: ktx's own, and one of 1,000 events
// with 30 fields each.
#include <benchmark/benchmark.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include "catalog/catalog.h"

namespace {

std::string ktx_text() {
  std::ifstream file(CANDOR_SOURCE_DIR "/schema/ktx.telemetry.jsonc", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string large_text(int events, int fields) {
  constexpr std::array kShapes = {
      R"({ "type": "boolean" })",
      R"({ "type": "integer", "min": 0 })",
      R"({ "type": "number", "unit": "ms", "min": 0 })",
      R"({ "type": "string", "optional": true, "max_length": 80, "pattern": "identifier" })",
      R"({ "type": "enum", "values": ["ok", "error"] })",
  };
  std::string text =
      R"({ "catalog": "large", "product": { "name": "L", "home": "~/.l", "env_prefix": "L" }, "events": {)";
  for (int e = 0; e < events; ++e) {
    text += "\n  \"event_" + std::to_string(e) +
            "_completed\": { \"description\": \"d\", \"owner\": \"o\", \"purpose\": \"usage\", "
            "\"fields\": {";
    for (std::size_t f = 0; f < static_cast<std::size_t>(fields); ++f) {
      text += "\n    \"field" + std::to_string(f) + "Name\": " + kShapes[f % kShapes.size()] + ",";
    }
    text += "\n  } },";
  }
  return text + "\n} }\n";
}

void load(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    const candor::catalog::Loaded loaded = candor::catalog::load(text);
    if (!loaded.catalog) state.SkipWithError("the catalog has errors");
    benchmark::DoNotOptimize(loaded.catalog);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

BENCHMARK_CAPTURE(load, ktx, ktx_text())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, 1000_events_of_30_fields, large_text(1000, 30))
    ->Unit(benchmark::kMillisecond);

}  // namespace
