#include "redact/redact.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace candor::redact {
namespace {

using Json = nlohmann::json;

Json read(const char* name) {
  std::ifstream in(CANDOR_SOURCE_DIR "/tests/conformance/" + std::string(name));
  return Json::parse(in);
}
const Json& vectors() {
  static const Json file = read("redact.json");
  return file.at("vectors");
}
const Json& corpus() {
  static const Json file = read("redact_corpus.json");
  return file;
}
const Redactor& plain() {
  static const Redactor redactor;
  return redactor;
}

TEST(Redact, Vectors) {
  for (const Json& vector : vectors()) {
    const std::string before = vector.at("text"), after = vector.at("expect");
    EXPECT_EQ(plain().text(before, vector.value("max_length", std::size_t{1000})), after)
        << vector.at("name");
    if (!vector.contains("max_length")) {
      EXPECT_EQ(plain().is_clean(before), before == after) << vector.at("name");
      EXPECT_TRUE(plain().is_clean(after)) << vector.at("name") << ": " << after;
    }
  }
}

TEST(Redact, BehindAnything) {
  for (const Json& vector : vectors()) {
    if (vector.contains("max_length")) continue;
    const std::string before = vector.at("text"), after = vector.at("expect");
    for (const std::string front : {"\n", "😀 ", " ", "\t", "password is x\n", "a: b, "}) {
      EXPECT_EQ(plain().text(front + before, 10000), front + after) << vector.at("name");
    }
  }
}

// Every secret of the corpus is gone, and at most one innocent text of fifty is touched.
TEST(Redact, Corpus) {
  std::size_t secrets = 0, innocent = 0, touched = 0;
  for (const Json& entry : corpus().at("texts")) {
    const std::string before = entry.at("text"), after = plain().text(before, before.size() + 1000);
    EXPECT_TRUE(plain().is_clean(after)) << entry.at("name") << ": " << after;
    if (entry.at("kind") == "innocent") {
      ++innocent;
      if (after == before) continue;
      ++touched;
      ADD_FAILURE() << entry.at("name") << ": " << after;
      continue;
    }
    ++secrets;
    EXPECT_EQ(after, entry.at("expect")) << entry.at("name");
    for (const std::string gone : entry.at("gone")) {
      EXPECT_NE(before.find(gone), std::string::npos) << entry.at("name");
      EXPECT_EQ(after.find(gone), std::string::npos) << entry.at("name") << ": " << after;
    }
  }
  EXPECT_GT(secrets, 150u);
  EXPECT_GT(innocent, 100u);
  EXPECT_LE(touched * 50, innocent);
}

std::shared_ptr<const Literals> literals(const std::vector<std::string>& secrets) {
  auto made = std::make_shared<Literals>();
  for (const std::string& secret : secrets) {
    EXPECT_EQ(made->add(secret), Literals::Refusal::none) << secret;
  }
  made->prepare();
  return made;
}

TEST(Redact, SecretsOfTheHostInEveryForm) {
  const Redactor redactor("CORPUS", literals(corpus().at("secrets")));
  for (const Json& entry : corpus().at("literals")) {
    const std::string before = entry.at("text"), after = redactor.text(before, 10000);
    EXPECT_EQ(after, entry.at("expect")) << entry.at("name");
    EXPECT_EQ(redactor.is_clean(before), before == after) << entry.at("name");
    for (const std::string gone : entry.at("gone")) {
      EXPECT_EQ(after.find(gone), std::string::npos) << entry.at("name") << ": " << after;
    }
  }
}

TEST(Redact, SecretsThatAreRefused) {
  using Refusal = Literals::Refusal;
  Literals made;
  EXPECT_EQ(made.add("1234567"), Refusal::too_short);
  EXPECT_EQ(made.add("12345678"), Refusal::none);
  EXPECT_EQ(made.add(std::string(4096, 'x')), Refusal::none);
  EXPECT_EQ(made.add(std::string(4097, 'x')), Refusal::too_long);
  EXPECT_EQ(made.add("1234567\xff"), Refusal::not_utf8);
  EXPECT_EQ(made.add("redacted"), Refusal::own_mark);
  for (int i = 2; i < 64; ++i)
    EXPECT_EQ(made.add("secret number " + std::to_string(i)), Refusal::none);
  EXPECT_EQ(made.add("12345678"), Refusal::none);  // known already
  EXPECT_EQ(made.add("one too many"), Refusal::too_many);
}

// Secrets that are parts, beginnings and ends of each other, in a text that repeats them.
TEST(Redact, SecretsThatOverlap) {
  const Redactor redactor(
      "", literals({"abcabcab", "bcabcabcabca", "cabcabcabcabcabcabc", "aaaaaaaa"}));
  EXPECT_EQ(redactor.text("xcabcabcabcabcabcabcx", 100), "x[redacted]x");
  EXPECT_EQ(redactor.text("aaaaaaa aaaaaaaaaaaa", 100), "aaaaaaa [redacted]");
  EXPECT_EQ(redactor.text("abcabca", 100), "abcabca");
}

// What is cut is cut last: no text around the limit leaves a part of a secret.
TEST(Redact, CutsAfterRedaction) {
  const std::string secret = "0123456789SECRET";
  const Redactor redactor("", literals({secret}));
  for (const std::string& form :
       {secret, "password=" + secret, "://u:" + secret + "@h", "ghp_" + secret}) {
    const std::string text = "before " + form + " after";
    for (std::size_t limit = 0; limit <= text.size() + 4; ++limit) {
      const std::string cut = redactor.text(text, limit);
      EXPECT_LE(cut.size(), limit);
      EXPECT_EQ(cut.find("012"), std::string::npos) << cut;
      EXPECT_EQ(redactor.text(cut, limit), cut);
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
    "user:pw@",  "://a:b/", "x.y",        "]",       "&",       "%3D",         "|\n  ",
    "name: ",    "value: ", "}",          "login ",  "thin:a/", "$2b$",        "ACME_A=",
    "+",         "\\n",     "\\u00",      ",",       ";",       "</",          "r\"",
    "-u a:",     "auth: ",  "sha256:",    "Digest ", "\r\n",    "\t",          "SECRET78"};

TEST(Redact, AnyTextComesOutValidBoundedAndSettled) {
  const Redactor redactor("ACME", literals({"SECRET78", "a.com/home/x.y", "\n  password=\""}));
  std::mt19937 random(1);
  for (int round = 0; round < 60000; ++round) {
    std::string made;
    for (auto pieces = random() % 12; pieces > 0; --pieces) {
      made += kPieces[random() % std::size(kPieces)];
    }
    const std::size_t limit = random() % 80;
    const std::string cut = redactor.text(made, limit);
    const auto length = utf8_length(cut);
    ASSERT_TRUE(length) << made;
    ASSERT_LE(*length, limit) << made;
    const std::string whole = redactor.text(made, 100000);
    ASSERT_EQ(redactor.text(whole, 100000), whole) << made;
    ASSERT_EQ(redactor.is_clean(made), whole == made) << made;
    // A mark is never longer than ten bytes, and stands for one at least.
    ASSERT_LE(whole.size(), made.size() * 10) << made;
  }
}

// Texts that would take minutes if some detector read its run again and again.
TEST(Redact, LinearInTheWorstTexts) {
  const Redactor redactor(
      "ACME", literals({"SECRET78", std::string(4000, 'a'), std::string(4000, 'a') + "b"}));
  for (const std::string_view piece : kPieces) {
    for (const std::string_view other : {"", "@", "\\", "=", "\"", "/"}) {
      std::string made;
      while (made.size() < 400000) made.append(piece).append(other);
      (void)redactor.text(made, made.size());
    }
  }
}

}  // namespace
}  // namespace candor::redact
