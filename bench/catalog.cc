// What it costs to parse, check and compile a catalog.
#include "catalog/catalog.h"

#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>
#include <string>

namespace candor::catalog {
namespace {

std::string ktx() {
  std::ifstream in(CANDOR_SOURCE_DIR "/schema/ktx.telemetry.jsonc");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// ktx's frame around `events` events with thirty fields each.
std::string large(int events) {
  std::string text = ktx();
  text.erase(text.find("\"events\""));
  text += "\"events\": {\n";
  for (int i = 0; i < events; ++i) {
    text += "    \"made_event_" + std::to_string(i) +
            "\": {\n      \"description\": \"An event that was made up.\", \"owner\": \"@bench\", "
            "\"purpose\": \"usage\", \"runtimes\": [\"cpp\"],\n      \"fields\": {\n";
    for (int j = 0; j < 30; ++j) {
      text += "        \"value" + std::to_string(j) + "\": ";
      text += j % 3 == 0   ? "{ \"type\": \"integer\", \"min\": 0 }"
              : j % 3 == 1 ? "{ \"type\": \"string\", \"optional\": true, \"max_length\": 64 }"
                           : "{ \"type\": \"enum\", \"values\": [\"ok\", \"error\", \"other\"] }";
      text += j < 29 ? ",\n" : "\n";
    }
    text += i + 1 < events ? "      }\n    },\n" : "      }\n    }\n";
  }
  return text + "  }\n}\n";
}

void run(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    const Loaded loaded = load(text);
    if (!loaded.catalog) return state.SkipWithError(loaded.problems.front().text.c_str());
    benchmark::DoNotOptimize(loaded.catalog->events.size());
  }
}

void Ktx(benchmark::State& state) { run(state, ktx()); }
BENCHMARK(Ktx)->Unit(benchmark::kMillisecond);

void ThousandEventsOfThirtyFields(benchmark::State& state) { run(state, large(1000)); }
BENCHMARK(ThousandEventsOfThirtyFields)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace candor::catalog
