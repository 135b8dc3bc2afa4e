// Continuous integration: off, unless the catalog sends there; then every other off still wins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consent/support.h"

namespace candor::consent {
namespace {

using testing::Scene;
using testing::write;

struct Runner : Scene {
  Runner() {
    variables = {{"GITLAB_CI", "true"}};
    terms.send_in_ci = true;
  }
};

TEST(Ci, IsOffUnlessTheCatalogSendsThere) {
  Runner scene;
  const Decision on = scene.decide();
  EXPECT_EQ(on.rule, Rule::ci_send);
  EXPECT_EQ(name(on.rule), "ci_send");
  EXPECT_TRUE(on.enabled);
  EXPECT_THAT(on.explanation, ::testing::HasSubstr("GITLAB_CI is set"));
  scene.terms.send_in_ci = false;
  EXPECT_EQ(scene.decide().rule, Rule::ci);
  EXPECT_FALSE(scene.decide().enabled);
  EXPECT_FALSE(is_withdrawal(Rule::ci_send));
  EXPECT_TRUE(scene.home.names().empty()) << "deciding writes nothing";
}

TEST(Ci, EveryOtherOffWins) {
  constexpr char kNo[] = R"({"enabled": false})";
  const auto off = [](Rule rule, auto change) {
    Runner scene;
    change(scene);
    const Decision decision = scene.decide();
    EXPECT_EQ(decision.rule, rule);
    EXPECT_FALSE(decision.enabled);
    EXPECT_FALSE(decision.may_send);
  };
  off(Rule::catalog_off, [](Scene& s) { s.terms.mode = ConsentMode::off; });
  off(Rule::policy_disabled, [&](Scene& s) { write(s.terms.policy_file, kNo); });
  off(Rule::policy_unreadable, [](Scene& s) { write(s.terms.policy_file, "{"); });
  off(Rule::env_disabled, [](Scene& s) { s.variables["ACME_TELEMETRY_DISABLED"] = "1"; });
  off(Rule::do_not_track, [](Scene& s) { s.variables["DO_NOT_TRACK"] = "1"; });
  off(Rule::no_home, [](Scene& s) { s.terms.identity_file.clear(); });
  off(Rule::file_disabled, [&](Scene& s) { write(s.home.file(), kNo); });
  off(Rule::file_unreadable, [](Scene& s) { write(s.home.file(), "{"); });
  off(Rule::not_opted_in, [](Scene& s) { s.terms.mode = ConsentMode::opt_in; });
}

TEST(Ci, NobodyReadsANoticeThere) {
  Runner scene;
  scene.terms.notice_version = 3;
  EXPECT_TRUE(scene.decide().may_send);
  scene.variables.clear();
  EXPECT_EQ(scene.decide().rule, Rule::default_on);
  EXPECT_FALSE(scene.decide().may_send);
}

}  // namespace
}  // namespace candor::consent
