// docs/catalog.md tells every key, word, limit and rule that the parser knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/keys.h"
#include "catalog/texts.h"

namespace candor::catalog {
namespace {

using testing::HasSubstr;

class Reference : public testing::Test {
 protected:
  std::string page = file_text("docs/catalog.md");

  // From the heading to the next one of its kind.
  std::string section(std::string_view heading) const {
    const std::string line = "\n## " + std::string(heading) + "\n";
    const std::size_t begin = page.find(line);
    if (begin == std::string::npos) return {};
    return page.substr(begin, page.find("\n## ", begin + line.size()) - begin);
  }

  static std::string code(std::string_view word) { return "`" + std::string(word) + "`"; }

  void tells_keys(std::string_view heading, std::span<const Key> keys) const {
    const std::string text = section(heading);
    for (const Key& key : keys) {
      const std::string row = "| " + code(key.name) + " | ";
      EXPECT_THAT(text, HasSubstr(key.required ? row + "yes |" : row)) << heading;
    }
  }

  void tells(std::string_view heading, std::span<const std::string_view> words) const {
    for (const std::string_view word : words) {
      EXPECT_THAT(section(heading), HasSubstr(code(word))) << heading;
    }
  }
};

TEST_F(Reference, TellsEveryKey) {
  tells_keys("The file", kCatalogKeys);
  tells_keys("`product`", kProductKeys);
  tells_keys("`product`", kNoticeKeys);
  tells_keys("`sinks`", kSinkKeys);
  tells_keys("`events`", kEventKeys);
  for (const Key& key : kConsentKeys) EXPECT_THAT(section("`product`"), HasSubstr(code(key.name)));
  for (const FieldKey& key : kFieldKeys) {
    const std::string_view place = key.places == kInEnvelope ? "`envelope`" : "Fields";
    EXPECT_THAT(section(place), HasSubstr(code(key.name)));
  }
}

TEST_F(Reference, TellsEveryWord) {
  tells("Fields", kTypes);
  tells("Fields", std::span(kPatterns).subspan(1));
  tells("Fields", kClasses);
  tells("`product`", kConsentModes);
  tells("`product`", kCiModes);
  tells("`sinks`", kSinkTypes);
  tells("`sinks`", kProtocols);
  tells("`events`", kRuntimes);
  tells("`events`", kPurposes);
  tells("`envelope`", kSources);
}

TEST_F(Reference, TellsTheLimits) {
  const std::string limits = section("Limits");
  const auto grouped = [](std::size_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
  };
  const std::pair<std::string_view, std::size_t> rows[] = {
      {"| the file | ", kCatalogBytesMax >> 20},
      {"| the file | 8 MiB, ", kJsonValuesMax},
      {"values, ", kDepthMax},
      {"| sinks | ", kSinksMax},
      {"| events | ", kEventsMax},
      {"| fields of an event, an object or the envelope | ", kFieldsMax},
      {"| a name; a unit, a purpose, a `since` | ", kNameBytesMax},
      {"| values of an enum, entries of an envelope's `map` | ", kEnumValuesMax},
      {"| a value of an enum | ", kEnumValueBytesMax},
      {"| a description, a `deprecated`, the notice | ", kTextBytesMax},
      {"| `max_length` | ", kLengthMax},
      {"| `max_items`, `max_entries` | ", kCountMax},
      {"the first ", kProblemsMax}};
  for (const auto& [what, limit] : rows) {
    EXPECT_THAT(limits, HasSubstr(std::string(what) + grouped(limit) + " "));
  }
  const std::string fields = section("Fields");
  EXPECT_THAT(fields, HasSubstr("`max_items` (default " + std::to_string(kCountDefault) + ")"));
  EXPECT_THAT(fields, HasSubstr("`max_entries` (default " + std::to_string(kCountDefault) + ")"));
  EXPECT_THAT(fields, HasSubstr("(default " + std::to_string(kMapKeyLengthDefault) + " code"));
}

TEST_F(Reference, TellsEveryRuleAsTheCommandDoes) {
  std::string table;
  for (const RuleInfo& rule : rules()) {
    table += "| " + code(rule.name) + " | " +
             (rule.severity == Severity::error ? "error" : "warning") + " | " +
             std::string(rule.summary) + " |\n";
  }
  EXPECT_THAT(section("Rules") + "\n", HasSubstr("|---|---|---|\n" + table));
}

}  // namespace
}  // namespace candor::catalog
