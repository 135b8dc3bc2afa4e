// Any text through redaction: UTF-8 again, within its length, settled, not grown beyond what marks
// take, and a secret that stands in the midst of it is gone.
#include "base/text.h"
#include "fuzz.h"
#include "redact/redact.h"

using candor::fuzz::require;
using candor::redact::Literals;
using candor::redact::Redactor;

namespace {

constexpr std::size_t kAll = 1u << 20;
// A mark, of ten bytes, stands for one byte at least.
constexpr std::size_t kGrowthMax = 10;

const std::string kSecret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const std::string kLiteral = "of \"the\" host/+1";

const Redactor& redactor() {
  static const Redactor made = [] {
    auto literals = std::make_shared<Literals>();
    static_cast<void>(literals->add(kLiteral));
    static_cast<void>(literals->add("password=[reda"));
    literals->prepare();
    return Redactor("ACME", literals);
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::fuzz::Input input(data, size);
  const std::size_t limit = input.byte();
  const std::string_view before = input.text();
  const std::string_view after = input.rest();
  const std::string text =
      candor::utf8_repaired(std::string(before) + " " + kSecret + " " + std::string(after));

  const std::string cut = redactor().text(text, limit);
  require(candor::utf8_length(cut).value_or(limit + 1) <= limit, "UTF-8 within its length");

  const std::string whole = redactor().text(text, kAll);
  require(candor::utf8_length(whole).has_value(), "UTF-8");
  require(whole.size() <= text.size() * kGrowthMax, "bounded");
  require(redactor().text(whole, kAll) == whole, "settled");
  const std::string known = redactor().text(
      candor::utf8_repaired(std::string(before) + kLiteral + std::string(after)), kAll);
  require(known.find(kLiteral) == std::string::npos, "the host's secret is gone");

  const std::string bare = candor::utf8_repaired(before);
  require(redactor().is_clean(bare) == (redactor().text(bare, kAll) == bare),
          "clean text is left as it is");

  // Glued to other letters it would be no such secret.
  if (text.find(kSecret) != text.rfind(kSecret)) return 0;
  require(whole.find(kSecret) == std::string::npos, "the secret is gone");
  require(!redactor().is_clean(text), "and was noticed");
  return 0;
}
