// Any text through redaction: UTF-8 again, within its length, and clean.
#include "base/text.h"
#include "fuzz.h"
#include "redact/redact.h"

using candor::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::fuzz::Input input(data, size);
  const std::size_t limit = input.byte();
  const std::string text = candor::utf8_repaired(input.rest());

  const std::string cut = candor::redact::text(text, limit);
  require(candor::utf8_length(cut).value_or(limit + 1) <= limit, "UTF-8 within its length");

  const std::string whole = candor::redact::text(text, 1u << 20);
  require(candor::redact::is_clean(whole), "redacted text is clean");
  require(candor::redact::is_clean(text) == (whole == text), "clean text is left as it is");
  return 0;
}
