// Which keys need a newer candor: a table that never changes for keys that have been there.
#include "catalog/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "candor/version.h"
#include "catalog/keys.h"
#include "catalog/texts.h"

namespace candor::catalog {
namespace {

template <typename Keys>
std::set<std::string> since(Version version, const Keys& keys) {
  std::set<std::string> names;
  for (const auto& key : keys) {
    if (key.since == version) names.emplace(key.name);
  }
  return names;
}

using Names = std::set<std::string>;

// A key that is added later must say which version reads it, or an older library would be given it
// unwarned.
TEST(Versions, TheKeysOfTheFirstOneAreThese) {
  EXPECT_EQ(since(kFirstVersion, kCatalogKeys),
            (Names{"$schema", "catalog", "product", "sinks", "envelope", "events"}));
  EXPECT_EQ(since(kFirstVersion, kProductKeys),
            (Names{"name", "home", "env_prefix", "consent", "notice"}));
  EXPECT_EQ(since(kFirstVersion, kConsentKeys), (Names{"mode"}));
  EXPECT_EQ(since(kFirstVersion, kNoticeKeys), (Names{"version", "text", "hold_first_run"}));
  EXPECT_EQ(since(kFirstVersion, kSinkKeys),
            (Names{"type", "host", "project_key", "protocol", "geoip", "person_profiles"}));
  EXPECT_EQ(since(kFirstVersion, kEventKeys),
            (Names{"description", "owner", "purpose", "runtimes", "since", "expires",
                   "retention_days", "fields"}));
  EXPECT_EQ(
      since(kFirstVersion, kFieldKeys),
      (Names{"type",        "optional",  "max_length", "pattern",     "min",    "max",   "values",
             "items",       "min_items", "max_items",  "max_entries", "fields", "class", "unit",
             "description", "since",     "deprecated", "source",      "value",  "map"}));
}

TEST(Versions, NoKeyNeedsAnUnreleasedOne) {
  const std::string_view whole(kVersion);
  const Version ours = parse_version(whole.substr(0, whole.rfind('.'))).value();
  const auto expect_known = [&](const auto& keys) {
    for (const auto& key : keys) EXPECT_LE(key.since, ours) << key.name;
  };
  expect_known(kCatalogKeys);
  expect_known(kProductKeys);
  expect_known(kConsentKeys);
  expect_known(kNoticeKeys);
  expect_known(kSinkKeys);
  expect_known(kEventKeys);
  expect_known(kFieldKeys);
}

TEST(Versions, ThePageNamesTheNewerKeys) {
  const std::string page = file_text("docs/compatibility.md");
  for (const auto& keys :
       {since({0, 2}, kCatalogKeys), since({0, 2}, kConsentKeys), since({0, 2}, kSinkKeys)}) {
    EXPECT_FALSE(keys.empty());
    for (const std::string& key : keys) EXPECT_THAT(page, testing::HasSubstr("`" + key + "`"));
  }
}

TEST(Versions, HaveOneSpelling) {
  EXPECT_EQ(parse_version("0.2"), (Version{0, 2}));
  EXPECT_EQ(parse_version("12.345"), (Version{12, 345}));
  EXPECT_LT((Version{0, 9}), (Version{0, 10}));
  EXPECT_LT((Version{0, 10}), (Version{1, 0}));
  for (const char* text : {"", ".", "0", "0.", ".2", "0.2.0", "0.02", "+0.2", " 0.2", "0.2 ",
                           "0x.2", "4294967296.0", "0.99999999999999"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

}  // namespace
}  // namespace candor::catalog
