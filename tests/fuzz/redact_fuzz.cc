// Any text through redaction: UTF-8 again, within its length, and a secret that
// stands in the midst of it is gone.
#include "base/text.h"
#include "fuzz.h"
#include "redact/redact.h"

using candor::fuzz::require;

namespace {
const std::string kSecret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::fuzz::Input input(data, size);
  const std::size_t limit = input.byte();
  const std::string_view before = input.text();
  const std::string text =
      candor::utf8_repaired(std::string(before) + " " + kSecret + " " + std::string(input.rest()));

  const std::string cut = candor::redact::text(text, limit);
  require(candor::utf8_length(cut).value_or(limit + 1) <= limit, "UTF-8 within its length");

  // Glued to other letters it would be no such secret.
  if (text.find(kSecret) != text.rfind(kSecret)) return 0;
  const std::string whole = candor::redact::text(text, 1u << 20);
  require(whole.find(kSecret) == std::string::npos, "the secret is gone");
  require(!candor::redact::is_clean(text), "and was noticed");

  const std::string bare = candor::utf8_repaired(before);
  require(candor::redact::is_clean(bare) == (candor::redact::text(bare, 1u << 20) == bare),
          "clean text is left as it is");
  return 0;
}
