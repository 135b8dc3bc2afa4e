// Files that no editor wrote: huge, deep, broken, or random bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "artifact/artifact.h"
#include "catalog/texts.h"

namespace candor::catalog {
namespace {

std::string nested(std::size_t depth, bool closed) {
  std::string text = "{\"a\": " + std::string(depth - 1, '[');
  if (closed) text += std::string(depth - 1, ']') + "}";
  return text;
}

std::string many_events(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += ", \"e" + std::to_string(i) + "\": {}";
  return text_of({.more_events = text});
}

TEST(BadInput, AHugeFileIsOneProblemAndIsNotRead) {
  const std::string huge(50u << 20, '[');
  EXPECT_THAT(places(load(huge).problems), testing::ElementsAre("1:1 limit"));
  std::string text = text_of({});
  text.resize(kCatalogBytesMax, ' ');
  EXPECT_TRUE(load(text).catalog);
  text.push_back(' ');
  EXPECT_THAT(places(load(text).problems), testing::ElementsAre("1:1 limit"));
}

TEST(BadInput, DeepNestingIsOneProblem) {
  for (const bool closed : {false, true}) {
    EXPECT_THAT(places(load(nested(10'000, closed)).problems), testing::ElementsAre("1:38 limit"));
    EXPECT_THAT(places(load(nested(kDepthMax + 1, closed)).problems),
                testing::ElementsAre("1:38 limit"));
  }
  const auto at_limit = load(nested(kDepthMax, true)).problems;
  EXPECT_THAT(places(at_limit), testing::Not(testing::Contains("1:38 limit")));
}

TEST(BadInput, ManyValuesAreOneProblem) {
  std::string text = "[";
  for (std::size_t i = 0; i < kJsonValuesMax; ++i) text += "1,";
  const auto problems = load(text + "1]").problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].rule, "limit");
}

TEST(BadInput, EventsHaveALimit) {
  EXPECT_TRUE(load(many_events(kEventsMax - 1)).catalog);  // and thing_done
  EXPECT_THAT(places(load(many_events(kEventsMax)).problems), testing::ElementsAre("7:11 limit"));
}

TEST(BadInput, AByteOrderMarkIsSkipped) {
  const std::string text = text_of({.fields = R"("a": {"type": "string"})"});
  EXPECT_TRUE(load("\xef\xbb\xbf" + text_of({})).catalog);
  EXPECT_THAT(places(load("\xef\xbb\xbf" + text).problems),
              testing::ElementsAre("10:1 missing-max-length"));
  EXPECT_THAT(places(load("\xef\xbb\xbf").problems), testing::ElementsAre("1:1 syntax"));
  EXPECT_THAT(places(load("\xef\xbb\xbf{]").problems), testing::ElementsAre("1:2 syntax"));
  EXPECT_THAT(places(load("\xef\xbb\xbf\xef\xbb\xbf{]").problems),
              testing::ElementsAre("1:2 syntax"));
}

TEST(BadInput, CarriageReturnsAreWhiteSpace) {
  std::string text;
  for (const char c : text_of({.fields = "// a comment\n\"a\": {\"type\": \"string\"}"})) {
    if (c == '\n') text.push_back('\r');
    text.push_back(c);
  }
  EXPECT_THAT(places(load(text).problems), testing::ElementsAre("11:1 missing-max-length"));
}

TEST(BadInput, BrokenUtf8IsFoundInTextsNamesAndComments) {
  for (const char* bytes : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_THAT(places(load("{\n// ä " + std::string(bytes) + "\n}").problems),
                testing::ElementsAre("2:7 syntax"));
    EXPECT_THAT(places(load("{\n\"" + std::string(bytes) + "\": 1}").problems),
                testing::ElementsAre("2:2 syntax"));
  }
}

TEST(BadInput, CommentsAndTrailingCommasAreFine) {
  EXPECT_TRUE(load(text_of({.fields = R"(/* one */ "a": {"type": "enum", // two
      "values": ["// no comment", "/* nor this", "a, ]", "\"", "\\",] /* , */ , } // ,
      ,)"}))
                  .catalog);
}

// Cut and mutated catalogs: every answer is a catalog or a problem, never a crash.
TEST(BadInput, DamagedCatalogsGiveProblems) {
  const std::string whole = file_text("schema/ktx.telemetry.jsonc");
  ASSERT_TRUE(load(whole).catalog);
  const std::size_t end = whole.find_last_of('}');
  for (std::size_t cut = 0; cut <= end; cut += 7) {
    const Loaded loaded = load(std::string_view(whole).substr(0, cut));
    EXPECT_FALSE(loaded.catalog);
    EXPECT_FALSE(loaded.problems.empty());
  }
  std::mt19937 random(20260615);
  const std::string_view bytes = "{}[]\",:/*\\ \n\t0-eE.tfn\x80\xff";
  for (int round = 0; round < 2000; ++round) {
    std::string text = whole;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = bytes[random() % bytes.size()];
    const Loaded loaded = check(text, "2026-06-15");
    const bool error = std::any_of(loaded.problems.begin(), loaded.problems.end(),
                                   [](const Problem& p) { return p.severity == Severity::error; });
    EXPECT_NE(loaded.catalog.has_value(), error);
    if (loaded.catalog) { EXPECT_FALSE(artifact::schema(*loaded.catalog).empty()); }
  }
}

}  // namespace
}  // namespace candor::catalog
