// What the environment tells: signals, home, continuous integration, agents.
#include "base/environment.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <map>

#include "platform/system.h"

namespace candor {
namespace {

Environment with(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    if (at == variables.end()) return std::nullopt;
    return at->second;
  };
}

TEST(IsSignal, OnlyTheFiveWordsForNoAreNone) {
  EXPECT_FALSE(is_signal(std::nullopt));
  for (const char* value : {"", "0", "false", "no", "off", "FALSE", "False", "nO", "OFF"}) {
    EXPECT_FALSE(is_signal(value)) << value;
  }
  for (const char* value : {"1", "true", "yes", "on", "00", "f", "n", "none", " ", "0 ", "-1",
                            "disabled", "fals\xc3\xa9"}) {
    EXPECT_TRUE(is_signal(value)) << value;
  }
}

TEST(ExpandHome, PutsHomeIn) {
  const Environment env = with({{"HOME", "/home/ada"}});
  EXPECT_EQ(expand_home("~/.acme", env), "/home/ada/.acme");
  EXPECT_EQ(expand_home("~", env), "/home/ada");
  EXPECT_EQ(expand_home("~/.acme", with({{"HOME", "/home/ada//"}})), "/home/ada/.acme");
  EXPECT_EQ(expand_home("~/.acme", with({{"HOME", "/"}})), "/.acme");
  EXPECT_EQ(expand_home("~", with({{"HOME", "/"}})), "/");
}

TEST(ExpandHome, LeavesOtherPathsAlone) {
  for (const char* path : {"/var/lib/acme", "relative/dir", "", "a~b"}) {
    EXPECT_EQ(expand_home(path, with({})), path);
  }
}

TEST(ExpandHome, NothingWithoutAUsableHome) {
  EXPECT_EQ(expand_home("~/.acme", with({})), std::nullopt);
  EXPECT_EQ(expand_home("~/.acme", with({{"HOME", ""}})), std::nullopt);
  EXPECT_EQ(expand_home("~/.acme", with({{"HOME", "home/ada"}})), std::nullopt);
  EXPECT_EQ(expand_home("~ada/.acme", with({{"HOME", "/home/ada"}})), std::nullopt);
}

TEST(Ci, VendorsAreKnownByTheirVariables) {
  EXPECT_EQ(ci_name(with({})), "");
  EXPECT_EQ(ci_variable(with({})), "");
  EXPECT_EQ(ci_name(with({{"GITHUB_ACTIONS", "true"}, {"CI", "true"}})), "github-actions");
  EXPECT_EQ(ci_variable(with({{"GITHUB_ACTIONS", "true"}, {"CI", "true"}})), "GITHUB_ACTIONS");
  for (const char* variable :
       {"GITLAB_CI", "BUILDKITE", "CIRCLECI", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD",
        "TRAVIS", "APPVEYOR", "BITBUCKET_BUILD_NUMBER", "CODEBUILD_BUILD_ID", "DRONE", "SEMAPHORE",
        "WOODPECKER", "CIRRUS_CI", "bamboo_planKey", "NETLIFY"}) {
    EXPECT_NE(ci_name(with({{variable, "anything"}})), "") << variable;
    EXPECT_EQ(ci_variable(with({{variable, "anything"}})), variable);
    EXPECT_EQ(ci_name(with({{variable, "false"}})), "") << variable;
  }
}

TEST(Ci, TheVariableCiIsASignalLikeAnyOther) {
  EXPECT_EQ(ci_name(with({{"CI", "1"}})), "other");
  EXPECT_EQ(ci_name(with({{"CI", "woodpecker"}})), "other");
  EXPECT_EQ(ci_name(with({{"CI", "false"}})), "");
  EXPECT_EQ(ci_name(with({{"CI", "false"}, {"TRAVIS", "true"}})), "travis");
}

TEST(Agent, IsNamedAndNeverEchoed) {
  EXPECT_EQ(agent_name(with({})), "");
  EXPECT_EQ(agent_name(with({{"CLAUDECODE", "1"}})), "claude-code");
  EXPECT_EQ(agent_name(with({{"CURSOR_TRACE_ID", "secret"}})), "cursor");
  EXPECT_EQ(agent_name(with({{"CODEX_SANDBOX", "seatbelt"}})), "codex");
  EXPECT_EQ(agent_name(with({{"GEMINI_CLI", "1"}})), "gemini-cli");
  EXPECT_EQ(agent_name(with({{"CLAUDECODE", "1"}, {"CURSOR_TRACE_ID", "x"}})), "claude-code")
      << "the agent in the editor, not the editor";
}

TEST(Host, SaysWhatNodeSays) {
#ifdef __linux__
  EXPECT_EQ(os_platform(), "linux");
#endif
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_EQ(os_release(), name.release);
#ifdef __x86_64__
  EXPECT_EQ(cpu_arch(), "x64");
#endif
  EXPECT_NE(cpu_arch(), "x86_64");
  EXPECT_NE(cpu_arch(), "aarch64");
}

TEST(ProcessEnvironment, ReadsTheProcesss) {
  ASSERT_EQ(::setenv("CANDOR_TEST_VARIABLE", "here", 1), 0);
  EXPECT_EQ(process_environment()("CANDOR_TEST_VARIABLE"), "here");
  ASSERT_EQ(::unsetenv("CANDOR_TEST_VARIABLE"), 0);
  EXPECT_EQ(process_environment()("CANDOR_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace candor
