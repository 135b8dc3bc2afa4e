// What it costs to check and encode one event, without the spool.
#include <benchmark/benchmark.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "event/encoder.h"
#include "redact/redact.h"

namespace candor::event {
namespace {

const Encoder& encoder() {
  static const Encoder made = [] {
    std::ifstream in(CANDOR_SOURCE_DIR "/tests/conformance/conformance.telemetry.jsonc");
    std::ostringstream text;
    text << in.rdbuf();
    auto loaded = catalog::load(text.str());
    return Encoder(std::make_shared<const catalog::Catalog>(std::move(loaded.catalog).value()),
                   "python", [](std::string_view source) -> std::optional<SourceValue> {
                     if (source == "runtime.name") return std::string("python");
                     if (source == "ci.detected") return false;
                     if (source == "session.id") return std::nullopt;
                     if (source.starts_with("host.") && source != "host.tenant")
                       return std::nullopt;
                     return std::string("1.2.3-x").substr(0, source == "host.tenant" ? 1 : 7);
                   });
  }();
  return made;
}

void run(benchmark::State& state, std::string_view event, std::span<const Field> fields) {
  Stamp stamp;
  stamp.unix_ms = 1767323045678;
  stamp.uuid.fill('0');
  Buffer bytes;
  std::size_t size = 0;
  for (auto _ : state) {
    bytes.clear();
    const Outcome outcome = encoder().encode(encoder().find(event), fields, stamp, bytes);
    if (!outcome) return state.SkipWithError(outcome.field.c_str());
    size = bytes.size();
    benchmark::DoNotOptimize(bytes.view().data());
  }
  state.counters["bytes"] = static_cast<double>(size);
}

void EightFields(benchmark::State& state) {
  const Field fields[] = {
      {"outcome", "ok"},       {"stage", "resolve"}, {"errorClass", "requests.exceptions.Timeout"},
      {"durationMs", 25.4},    {"sourceCount", 12},  {"joinCount", 3},
      {"dialect", "postgres"}, {"isDemo", false}};
  run(state, "planned", fields);
}
BENCHMARK(EightFields);

void EightFieldsInReverse(benchmark::State& state) {
  const Field fields[] = {{"isDemo", false},
                          {"dialect", "postgres"},
                          {"joinCount", 3},
                          {"sourceCount", 12},
                          {"durationMs", 25.123456789},  // too many digits for the short way
                          {"errorClass", "requests.exceptions.Timeout"},
                          {"stage", "resolve"},
                          {"outcome", "ok"}};
  run(state, "planned", fields);
}
BENCHMARK(EightFieldsInReverse);

void NoFields(benchmark::State& state) { run(state, "nothing", {}); }
BENCHMARK(NoFields);

void EscapedUnicode(benchmark::State& state) {
  const std::string text = "caf\xc3\xa9 \"quoted\"\n" + std::string(1000, 'x') + "\xf0\x9f\x98\x80";
  const Field fields[] = {{"value", text}};
  run(state, "text_long", fields);
}
BENCHMARK(EscapedUnicode);

void Rejected(benchmark::State& state) {
  Buffer bytes;
  const Field fields[] = {{"value", "5"}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder().encode(encoder().find("whole"), fields, {}, bytes));
  }
}
BENCHMARK(Rejected);

void RedactClean(benchmark::State& state) {
  const redact::Redactor redactor;
  const std::string_view text =
      "FileNotFoundError: [Errno 2] No such file or directory: 'models/orders.yaml' (line 12, in "
      "load)";
  for (auto _ : state) benchmark::DoNotOptimize(redactor.is_clean(text));
}
BENCHMARK(RedactClean);

}  // namespace
}  // namespace candor::event
