// Every rule, by texts that break it: what is reported, where, and by which rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "catalog/rule_cases.h"

namespace candor::catalog {
namespace {

constexpr char kToday[] = "2026-06-15";

TEST(Rules, ReportWhatIsWrongAndWhere) {
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.text.substr(0, 600));
    const Loaded checked = check(c.text, kToday);
    EXPECT_THAT(places(checked.problems), testing::ContainerEq(c.expected));
    const std::string first = checked.problems.empty() ? "" : checked.problems[0].text;
    EXPECT_THAT(first, testing::HasSubstr(c.hint));
  }
}

TEST(Rules, LoadFindsTheErrorsOnly) {
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.text.substr(0, 600));
    std::vector<Problem> errors = check(c.text, kToday).problems;
    std::erase_if(errors, [](const Problem& p) { return p.severity != Severity::error; });
    const Loaded loaded = load(c.text);
    EXPECT_THAT(places(loaded.problems), testing::ContainerEq(places(errors)));
    EXPECT_EQ(loaded.catalog.has_value(), errors.empty());
  }
}

TEST(Rules, EachHasACaseAndASummary) {
  std::set<std::string_view> tried = {"more-problems"};  // has a test of its own
  for (const Case& c : all_cases()) {
    for (const Problem& p : check(c.text, kToday).problems) tried.insert(p.rule);
  }
  std::set<std::string_view> names;
  for (const RuleInfo& rule : rules()) {
    EXPECT_TRUE(tried.contains(rule.name)) << rule.name;
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_TRUE(rule.summary.ends_with('.')) << rule.name;
  }
}

TEST(Rules, AllProblemsComeInOneRunAndInFileOrder) {
  const Loaded checked =
      check(text_of({.product = R"("product": {"nmae": "T"},)",
                     .envelope = R"("a": {"type": "boolean", "source": "nowhere"})",
                     .fields = R"("b": {"type": "string"},)"
                               "\n"
                               R"("c": {"type": "enum", "values": []})"}),
            kToday);
  EXPECT_THAT(places(checked.problems),
              testing::ElementsAre("2:1 missing-key", "2:1 missing-key", "2:1 missing-key",
                                   "2:1 no-notice", "2:13 unknown-key", "5:36 unknown-source",
                                   "10:1 missing-max-length", "11:33 empty-enum"));
}

TEST(Rules, ProblemsBeyondTheLimitAreCounted) {
  std::string bad;
  for (std::size_t i = 0; i < kProblemsMax + 7; ++i) bad += "\"k" + std::to_string(i) + "\": 1,\n";
  const Loaded checked = check("{" + bad + "}", kToday);
  ASSERT_EQ(checked.problems.size(), kProblemsMax + 1);
  EXPECT_EQ(checked.problems.back().rule, "more-problems");
  EXPECT_EQ(checked.problems.back().severity, Severity::warning);
  EXPECT_FALSE(checked.catalog);
}

TEST(Rules, MessagesShowNamesWithoutTerminalCodes) {
  const Loaded checked = check("{\"\\u001b[31m" + std::string(500, 'x') + "\": 1}", kToday);
  const auto found = std::find_if(checked.problems.begin(), checked.problems.end(),
                                  [](const Problem& p) { return p.rule == "unknown-key"; });
  ASSERT_NE(found, checked.problems.end());
  EXPECT_THAT(found->text, testing::HasSubstr("'?[31mxxx"));
  EXPECT_LT(found->text.size(), 200u);
  // C1 controls are two bytes in UTF-8.
  const Loaded two_bytes = check(
      "{\"a\xc2\x9b"
      "31mä\": 1}",
      kToday);
  EXPECT_THAT(two_bytes.problems.back().text, testing::HasSubstr("'a??31mä'"));
}

}  // namespace
}  // namespace candor::catalog
