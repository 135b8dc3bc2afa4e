// The rules in their order, and the sentence for each.
#include "consent/consent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consent/support.h"

namespace candor::consent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Scene;
using testing::write;

constexpr char kYes[] = R"({"enabled": true})";
constexpr char kNo[] = R"({"enabled": false})";

TEST(Decide, TheModeDecidesWhenNobodySpoke) {
  Scene scene;
  EXPECT_EQ(scene.decide().rule, Rule::default_on);
  EXPECT_TRUE(scene.decide().enabled);
  scene.terms.mode = ConsentMode::opt_in;
  EXPECT_EQ(scene.decide().rule, Rule::not_opted_in);
  EXPECT_FALSE(scene.decide().enabled);
  scene.terms.mode = ConsentMode::off;
  EXPECT_EQ(scene.decide().rule, Rule::catalog_off);
  EXPECT_FALSE(scene.decide().enabled);
  EXPECT_TRUE(scene.home.names().empty()) << "deciding writes nothing";
}

TEST(Decide, TheFileOfAnIdentityAloneIsNoWord) {
  Scene scene;
  write(scene.home.file(), std::string(R"({"installId": ")") + testing::kId + "\"}");
  EXPECT_EQ(scene.decide().rule, Rule::default_on);
  scene.terms.mode = ConsentMode::opt_in;
  EXPECT_EQ(scene.decide().rule, Rule::not_opted_in);
}

TEST(Decide, TheUsersFileDecides) {
  Scene scene;
  write(scene.home.file(), kNo);
  EXPECT_EQ(scene.decide().rule, Rule::file_disabled);
  EXPECT_FALSE(scene.decide().enabled);
  for (const ConsentMode mode : {ConsentMode::opt_out, ConsentMode::opt_in}) {
    scene.terms.mode = mode;
    write(scene.home.file(), kYes);
    EXPECT_EQ(scene.decide().rule, Rule::file_enabled);
    EXPECT_TRUE(scene.decide().enabled);
  }
  scene.terms.mode = ConsentMode::off;
  EXPECT_FALSE(scene.decide().enabled);
}

TEST(Decide, AFileThatIsNotUnderstoodIsOff) {
  for (const char* text : {"", "[]", "garbage", R"({"enabled": "true"})"}) {
    Scene scene;
    write(scene.home.file(), text);
    const Decision decision = scene.decide();
    EXPECT_EQ(decision.rule, Rule::file_unreadable) << text;
    EXPECT_FALSE(decision.enabled);
    EXPECT_THAT(decision.explanation, HasSubstr(scene.home.file()));
  }
}

TEST(Decide, NoHomeIsOff) {
  Scene scene;
  scene.terms.identity_file.clear();
  EXPECT_EQ(scene.decide().rule, Rule::no_home);
  EXPECT_FALSE(scene.decide().enabled);
}

TEST(Decide, EachVariableIsAnOffAndFollowsTheSameWords) {
  const std::pair<const char*, Rule> variables[] = {{"ACME_TELEMETRY_DISABLED", Rule::env_disabled},
                                                    {"DO_NOT_TRACK", Rule::do_not_track},
                                                    {"CI", Rule::ci},
                                                    {"GITLAB_CI", Rule::ci}};
  for (const auto& [variable, rule] : variables) {
    Scene scene;
    write(scene.home.file(), kYes);
    for (const char* value : {"1", "true", "anything"}) {
      scene.variables = {{variable, value}};
      EXPECT_EQ(scene.decide().rule, rule) << variable << value;
      EXPECT_FALSE(scene.decide().enabled);
      EXPECT_THAT(scene.decide().explanation, HasSubstr(variable));
      EXPECT_THAT(scene.decide().explanation, Not(HasSubstr("anything")));
    }
    for (const char* value : {"", "0", "False", "NO", "off"}) {
      scene.variables = {{variable, value}};
      EXPECT_TRUE(scene.decide().enabled) << variable << value;
    }
  }
  Scene scene;
  scene.variables = {{"OTHER_TELEMETRY_DISABLED", "1"}, {"_TELEMETRY_DISABLED", "1"}};
  EXPECT_TRUE(scene.decide().enabled);
}

TEST(Decide, TheFirstRuleThatSpeaksIsNamed) {
  Scene scene;
  scene.variables = {{"ACME_TELEMETRY_DISABLED", "1"}, {"DO_NOT_TRACK", "1"}, {"CI", "1"}};
  write(scene.home.file(), kNo);
  write(scene.terms.policy_file, kNo);
  Signals signals = consent::signals(scene.terms, scene.env());
  signals.build_switch_off = true;
  scene.terms.mode = ConsentMode::off;
  EXPECT_EQ(decide(scene.terms, signals).rule, Rule::build_switch);
  signals.build_switch_off = false;
  EXPECT_EQ(decide(scene.terms, signals).rule, Rule::catalog_off);
  scene.terms.mode = ConsentMode::opt_in;
  EXPECT_EQ(scene.decide().rule, Rule::policy_disabled);
  write(scene.terms.policy_file, "{");
  EXPECT_EQ(scene.decide().rule, Rule::policy_unreadable);
  std::filesystem::remove(scene.terms.policy_file);
  EXPECT_EQ(scene.decide().rule, Rule::env_disabled);
  scene.variables.erase("ACME_TELEMETRY_DISABLED");
  EXPECT_EQ(scene.decide().rule, Rule::do_not_track);
  scene.variables.erase("DO_NOT_TRACK");
  EXPECT_EQ(scene.decide().rule, Rule::ci);
  scene.variables.erase("CI");
  EXPECT_EQ(scene.decide().rule, Rule::file_disabled);
  std::filesystem::remove(scene.home.file());
  EXPECT_EQ(scene.decide().rule, Rule::not_opted_in);
  write(scene.home.file(), kYes);
  EXPECT_EQ(scene.decide().rule, Rule::file_enabled);
}

TEST(Policy, SwitchesOffAllProductsOrOne) {
  Scene scene;
  write(scene.home.file(), kYes);
  const std::pair<const char*, bool> policies[] = {
      {"{}", true},
      {R"({"enabled": true})", true},
      {R"({"enabled": false})", false},
      {R"({"products": {}})", true},
      {R"({"products": {"Acme": {}}})", true},
      {R"({"products": {"Acme": {"enabled": false}}})", false},
      {R"({"products": {"ACME": {"enabled": false}}})", false},
      {R"({"products": {"Other": {"enabled": false}}})", true},
      {R"({"enabled": false, "products": {"Acme": {"enabled": true}}})", false},
      {R"({"note": "theirs", "products": {"Acme": {"enabled": false, "why": "law"}}})", false},
  };
  for (const auto& [text, enabled] : policies) {
    write(scene.terms.policy_file, text);
    EXPECT_EQ(scene.decide().rule, enabled ? Rule::file_enabled : Rule::policy_disabled) << text;
  }
}

TEST(Policy, CanNotSwitchOnWhatTheUserSwitchedOff) {
  Scene scene;
  write(scene.terms.policy_file, R"({"enabled": true, "products": {"Acme": {"enabled": true}}})");
  write(scene.home.file(), kNo);
  EXPECT_EQ(scene.decide().rule, Rule::file_disabled);
  scene.terms.mode = ConsentMode::opt_in;
  std::filesystem::remove(scene.home.file());
  EXPECT_EQ(scene.decide().rule, Rule::not_opted_in);
}

TEST(Policy, OrChoiceWithANulByteIsNotUnderstood) {
  using namespace std::string_literals;
  Scene scene;
  for (const std::string& text :
       {"{\"enabled\": true}\0{\"enabled\": false}"s, "{\"enabled\": true}\0"s}) {
    write(scene.home.file(), text);
    EXPECT_EQ(scene.decide().rule, Rule::file_unreadable);
  }
  write(scene.home.file(), kYes);
  write(scene.terms.policy_file, "{}\0{\"enabled\": false}"s);
  EXPECT_EQ(scene.decide().rule, Rule::policy_unreadable);
}

TEST(Policy, ThatIsNotUnderstoodIsOff) {
  Scene scene;
  write(scene.home.file(), kYes);
  for (const char* text :
       {"", "[]", "no", R"({"enabled": 0})", R"({"enabled": "false"})",
        R"({"enabled": true, "enabled": true})", R"({"products": []})",
        R"({"products": {"Acme": false}})", R"({"products": {"Acme": {"enabled": null}}})"}) {
    write(scene.terms.policy_file, text);
    EXPECT_EQ(scene.decide().rule, Rule::policy_unreadable) << text;
    EXPECT_THAT(scene.decide().explanation, HasSubstr(scene.terms.policy_file));
  }
  std::filesystem::remove(scene.terms.policy_file);
  std::filesystem::create_directory(scene.terms.policy_file);
  EXPECT_EQ(scene.decide().rule, Rule::policy_unreadable);
  std::filesystem::remove(scene.terms.policy_file);
  std::filesystem::create_symlink("nowhere", scene.terms.policy_file);
  EXPECT_EQ(scene.decide().rule, Rule::policy_unreadable);
}

TEST(Policy, NoneIsNoWord) {
  Scene scene;
  scene.terms.policy_file = scene.home.dir() + "/no/such/policy.json";
  EXPECT_EQ(scene.decide().rule, Rule::default_on);
  scene.terms.policy_file.clear();
  EXPECT_EQ(scene.decide().rule, Rule::default_on);
}

TEST(MaySend, WaitsForTheNotice) {
  Scene scene;
  EXPECT_TRUE(scene.decide().may_send) << "the catalog has no notice";
  scene.terms.notice_version = 2;
  EXPECT_TRUE(scene.decide().enabled);
  EXPECT_FALSE(scene.decide().may_send);
  write(scene.home.file(), R"({"noticeShownVersion": 1})");
  EXPECT_FALSE(scene.decide().may_send) << "an older notice";
  write(scene.home.file(), R"({"noticeShownVersion": 2})");
  EXPECT_TRUE(scene.decide().may_send);
  write(scene.home.file(), R"({"noticeShownVersion": 2, "enabled": false})");
  EXPECT_FALSE(scene.decide().may_send);
}

TEST(Explanation, Sentences) {
  Scene scene;
  EXPECT_EQ(scene.decide().explanation,
            "Telemetry is on by default: Acme collects usage data until you opt out.");
  scene.variables = {{"HOME", scene.home.dir()}};
  write(scene.home.file(), kYes);
  EXPECT_EQ(scene.decide().explanation,
            "Telemetry is on by default: Acme collects usage data until you opt out.");
  ASSERT_TRUE(identity::set_enabled(scene.home.file(), true, testing::kNow).ok());
  EXPECT_EQ(scene.decide().explanation,
            "Telemetry is on: ~/telemetry.json says so (\"enabled\": true).");
  write(scene.home.file(), kNo);
  EXPECT_EQ(scene.decide().explanation,
            "Telemetry is off: ~/telemetry.json says so (\"enabled\": false).");
  scene.variables["DO_NOT_TRACK"] = "1";
  EXPECT_EQ(scene.decide().explanation, "Telemetry is off because DO_NOT_TRACK is set.");
}

TEST(Withdrawal, IsANoForEveryProcess) {
  EXPECT_TRUE(is_withdrawal(Rule::file_disabled));
  EXPECT_TRUE(is_withdrawal(Rule::policy_disabled));
  EXPECT_TRUE(is_withdrawal(Rule::not_opted_in));
  EXPECT_FALSE(is_withdrawal(Rule::do_not_track)) << "one shell's";
  EXPECT_FALSE(is_withdrawal(Rule::file_unreadable)) << "perhaps half written";
  EXPECT_FALSE(is_withdrawal(Rule::default_on));
}

TEST(Name, EveryRuleHasItsOwn) {
  std::set<std::string_view> names;
  const int last = static_cast<int>(Rule::default_on);
  for (int i = 0; i <= last; ++i) names.insert(name(static_cast<Rule>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace candor::consent
