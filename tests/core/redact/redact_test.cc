#include "redact/redact.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace candor::redact {
namespace {

using Json = nlohmann::json;

const Json& vectors() {
  static const Json file = [] {
    std::ifstream in(CANDOR_SOURCE_DIR "/tests/conformance/redact.json");
    return Json::parse(in);
  }();
  return file.at("vectors");
}

TEST(Redact, Vectors) {
  for (const Json& vector : vectors()) {
    const std::string before = vector.at("text"), after = vector.at("expect");
    EXPECT_EQ(text(before, vector.value("max_length", std::size_t{1000})), after)
        << vector.at("name");
    if (!vector.contains("max_length")) {
      EXPECT_EQ(is_clean(before), before == after) << vector.at("name");
      EXPECT_TRUE(is_clean(after)) << vector.at("name") << ": " << after;
    }
  }
}

TEST(Redact, BehindAnything) {
  for (const Json& vector : vectors()) {
    if (vector.contains("max_length")) continue;
    const std::string before = vector.at("text"), after = vector.at("expect");
    for (const std::string front : {"\n", "😀 ", " ", "\t", "password is x\n", "a: b, "}) {
      EXPECT_EQ(text(front + before, 10000), front + after) << vector.at("name");
    }
  }
}

// Pieces of which texts are made that tempt every detector.
constexpr std::string_view kPieces[] = {
    "password",  "=",       ":",          "://",     "@",       ".com",        "/home/",
    "\\Users\\", "a",       "Zz9",        " ",       "\n",      "\"",          "'",
    "\\",        "[",       "{",          "-",       "--",      "sk-",         "eyJ",
    "0f3a9c",    "%40",     "%2F",        "Bearer ", "<",       ">",           "é",
    "😀",         "token: ", "[redacted]", "~",       "cookie=", "-----BEGIN ", "-----END ",
    "user:pw@",  "://a:b/", "x.y",        "]",       "&"};

TEST(Redact, AnyTextComesOutValidBoundedAndSettled) {
  std::mt19937 random(1);
  for (int round = 0; round < 30000; ++round) {
    std::string made;
    for (auto pieces = random() % 12; pieces > 0; --pieces) {
      made += kPieces[random() % std::size(kPieces)];
    }
    const std::size_t limit = random() % 80;
    const std::string once = text(made, limit);
    const auto length = utf8_length(once);
    ASSERT_TRUE(length) << made;
    ASSERT_LE(*length, limit) << made;
    if (is_clean(made)) { ASSERT_EQ(text(made, 100000), made); }
  }
}

// Texts that would take minutes if some detector read its run again and again.
TEST(Redact, LinearInTheWorstTexts) {
  for (const std::string_view piece : kPieces) {
    for (const std::string_view other : {"", "@", "\\"}) {
      std::string made;
      while (made.size() < 400000) made.append(piece).append(other);
      (void)text(made, made.size());
    }
  }
}

}  // namespace
}  // namespace candor::redact
