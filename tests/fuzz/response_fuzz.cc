// Any answer of a server to a batch: a verdict for each event or for the batch, and a
// sensible wait.
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "event/record.h"
#include "fuzz.h"
#include "sink/sink.h"
#include "upload/policy.h"

using candor::fuzz::require;
using candor::sink::Answer;

namespace {

constexpr std::array<std::string_view, 3> kEvents{
    R"({"event":"a","uuid":"01890a5d-ac96-774b-bcce-b302099a8057","timestamp":"2026-01-02T03:04:05.678Z","properties":{}})",
    R"({"event":"b","uuid":"01890a5d-ac96-774b-bcce-b302099a8058","timestamp":"2026-01-02T03:04:05.678Z","properties":{"n":1}})",
    R"({"event":"c","uuid":"01890a5d-ac96-774b-bcce-b302099a8059","timestamp":"2026-01-02T03:04:05.678Z","properties":{}})"};

void classify(const std::string& protocol, int status, std::string_view body) {
  candor::sink::Config config;
  config.host = "http://127.0.0.1:9";
  config.project_key = "phc_test";
  config.protocol = protocol;
  const auto sink = candor::sink::make(config);
  std::vector<candor::event::Record> events;
  for (const std::string_view bytes : kEvents) events.push_back({"someone", "", bytes});

  const Answer answer = sink->classify(status, body, events);
  if (answer.kind == Answer::Kind::settled) {
    require(answer.events.size() == events.size(), "a verdict for each event");
    require(status / 100 == 2, "only a success settles a batch of several events");
  }
  require(candor::utf8_length(answer.explanation).has_value(), "an explanation is UTF-8");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::fuzz::Input input(data, size);
  const int status = 100 + (input.byte() << 8 | input.byte()) % 500;
  const std::string_view header = input.text();
  const std::string_view body = input.rest();
  classify("v0", status, body);
  classify("v1", status, body);

  constexpr std::int64_t kNow = 1'767'312'000'000;
  if (const auto wait = candor::upload::parse_retry_after(header, kNow)) {
    require(*wait >= 0 && *wait <= candor::upload::kRetryAfterMaxMs, "a wait is within bounds");
  }
  return 0;
}
