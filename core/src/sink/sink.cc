// What all sinks share: being found by type, and reading an event's uuid.
#include "sink/sink.h"

#include "platform/random.h"

namespace candor::sink {

std::unique_ptr<Sink> make(const Config& config) {
  if (config.type == "posthog") return make_posthog(config);
  return nullptr;
}

std::string_view uuid_of(const event::Record& event) noexcept {
  // The uuid follows the event's name, in which every quote is escaped.
  constexpr std::string_view kBefore = R"(","uuid":")";
  const std::size_t at = event.bytes.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = event.bytes.substr(at + kBefore.size());
  if (rest.size() <= kUuidBytes || rest[kUuidBytes] != '"') return {};
  return rest.substr(0, kUuidBytes);
}

}  // namespace candor::sink
