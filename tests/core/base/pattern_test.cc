// Matchers and regexes of the named patterns say the same.
#include "base/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>

namespace candor {
namespace {

constexpr Pattern kAll[] = {Pattern::identifier, Pattern::slug, Pattern::semver, Pattern::uuid,
                            Pattern::date,       Pattern::hex,  Pattern::locale};

// Texts that fit, to be spoilt.
constexpr std::string_view kSeeds[] = {"requests.exceptions.Timeout",
                                       "a-b-2",
                                       "1.0.0-rc.1+b.01",
                                       "10.20.30--x.0a+-",
                                       "019b7d7a-f12e-7000-8000-0123456789ab",
                                       "2026-01-02",
                                       "deadbeef",
                                       "zh-Hant-TW",
                                       "es-419",
                                       ""};

TEST(Pattern, MatcherAndRegexAgree) {
  std::mt19937 random(1);
  const auto below = [&random](std::size_t n) { return random() % n; };
  constexpr std::string_view kBytes = "aAfgzZ019_-.+:/ \n\xc3";
  for (const Pattern pattern : kAll) {
    const std::regex regex_of(std::string(regex(pattern)));
    std::size_t matched = 0, refused = 0;
    for (int i = 0; i < 20000; ++i) {
      std::string text(kSeeds[below(std::size(kSeeds))]);
      for (std::size_t edits = below(4); edits > 0; --edits) {
        const char c = kBytes[below(kBytes.size())];
        const std::size_t at = below(text.size() + 1);
        if (below(2) == 0 && at < text.size()) {
          text.erase(at, 1 + below(2));
        } else if (below(2) == 0 && at < text.size()) {
          text[at] = c;
        } else {
          text.insert(at, 1, c);
        }
      }
      const bool matches_regex = std::regex_search(text, regex_of);
      ASSERT_EQ(matches(pattern, text), matches_regex)
          << regex(pattern) << " " << testing::PrintToString(text);
      ++(matches_regex ? matched : refused);
    }
    EXPECT_GT(matched, 100u);
    EXPECT_GT(refused, 100u);
  }
}

TEST(Pattern, NoneMatchesAnything) {
  EXPECT_TRUE(matches(Pattern::none, "\n"));
  EXPECT_EQ(regex(Pattern::none), "");
}

}  // namespace
}  // namespace candor
