#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace candor {
namespace {

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(utf8_length(""), 0u);
  EXPECT_EQ(utf8_length("twelve bytes"), 12u);
  EXPECT_EQ(utf8_length("caf\xc3\xa9"), 4u);
  EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 1u);
  EXPECT_EQ(utf8_length("eight by\xe2\x82\xac"), 9u);
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xe2\x82"}) {
    EXPECT_FALSE(utf8_length(bad)) << bad;
  }
}

TEST(Utf8, PrefixCutsNoCodePoint) {
  EXPECT_EQ(utf8_prefix("abc", 3), "abc");
  EXPECT_EQ(utf8_prefix("ab\xe2\x82\xac", 4), "ab");
  EXPECT_EQ(utf8_prefix("ab\xe2\x82\xac", 5), "ab\xe2\x82\xac");
}

TEST(Utf8, RepairPutsReplacementCharacters) {
  EXPECT_EQ(utf8_repaired("a\xff"
                          "b\xed\xa0\x80"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(JsonString, EscapesMinimally) {
  std::string out;
  append_json_string(out, std::string_view("a\"b\\c\b\t\n\f\r\x01\x1f/\x7f\xc3\xa9", 16));
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\b\\t\\n\\f\\r\\u0001\\u001f/\x7f\xc3\xa9\"");
}

TEST(Sha256, KnowsTheStandardsExample) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Nearest, SuggestsWhatIsNearAndNothingElse) {
  const std::array<std::string_view, 3> words{"max_length", "min_items", "optional"};
  EXPECT_EQ(nearest("max_lenght", words), "max_length");
  EXPECT_EQ(nearest("optionl", words), "optional");
  EXPECT_EQ(nearest("colour", words), "");
}

}  // namespace
}  // namespace candor
