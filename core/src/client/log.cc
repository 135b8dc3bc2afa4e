#include "client/log.h"

#include <algorithm>

#include "base/text.h"
#include "platform/guest.h"

namespace candor::client {

std::string describe(std::string_view event, const Outcome& outcome, std::string_view trouble) {
  std::string line = "candor: ";
  line += utf8_repaired(event.substr(0, catalog::kNameBytesMax));
  line.append(" ").append(name(outcome.result)).append(": ");
  line += outcome.result == Result::rejected ? name(outcome.code) : name(outcome.reason);
  if (!outcome.field.empty()) line.append(" (").append(outcome.field).append(")");
  if (!trouble.empty()) line.append(": ").append(trouble);
  // Names come from the caller: none of them may write to somebody's terminal.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return line;
}

void Log::say(std::string_view line) const noexcept try {
  const Outside outside;
  if (to_) to_(line);
} catch (...) {
  // The host's logger failed; it is not ours to report.
}

void Log::tell(std::uint32_t label, std::string_view event, const Outcome& outcome,
               const std::function<std::string()>& trouble) {
  if (!to_) return;
  const unsigned bit = outcome.result == Result::rejected ? static_cast<unsigned>(outcome.code)
                                                          : static_cast<unsigned>(outcome.reason);
  if ((told_[label].fetch_or(1u << bit) & 1u << bit) != 0) return;
  say(describe(event, outcome, outcome.reason == Reason::disk_error ? trouble() : std::string()));
}

void Log::tell_of_sources(const Options& options, const catalog::Catalog& catalog) const {
  if (!to_) return;
  const auto& envelope = catalog.envelope;
  for (const auto& [source, unused] : options.sources) {
    const bool known =
        std::any_of(envelope.begin(), envelope.end(),
                    [&name = source](const auto& field) { return field.source == name; });
    if (!known) say("candor: no field of the envelope has the source " + utf8_repaired(source));
  }
  for (const catalog::EnvelopeField& field : envelope) {
    if (field.source.starts_with("host.") && !field.field.optional &&
        !options.sources.contains(field.source)) {
      say("candor: every event will be rejected: the envelope's " + field.field.name +
          " needs the source " + field.source);
    }
  }
}

void Log::tell_of_missing_uploader() noexcept {
  if (told_of_uploader_.exchange(true)) return;
  say("candor: nothing can be uploaded: libcandor-upload is missing, or is another version");
}

}  // namespace candor::client
