// Consent under a running process: files that change, vanish and come back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "consent/support.h"
#include "platform/file.h"

namespace candor::consent {
namespace {

using testing::Scene;
using testing::write;

constexpr char kYes[] = R"({"enabled": true})";
constexpr char kNo[] = R"({"enabled": false})";
constexpr std::int64_t kStart = 100'000;

// Each call looks: a second has passed since the last.
struct Watched : Scene {
  Gate gate{terms, env()};
  std::int64_t now = kStart;
  bool enabled() { return gate.enabled(now += Gate::kFreshMs); }
};

TEST(Gate, KnowsTheDecisionFromTheStart) {
  Scene scene;
  EXPECT_TRUE(Gate(scene.terms, scene.env()).enabled(kStart));
  write(scene.home.file(), kNo);
  EXPECT_FALSE(Gate(scene.terms, scene.env()).enabled(kStart));
  EXPECT_FALSE(Gate(scene.terms, scene.env()).enabled(0)) << "a machine that just started";
}

TEST(Gate, IsAtMostASecondStale) {
  Watched process;
  ASSERT_TRUE(process.enabled());
  write(process.home.file(), kNo);
  EXPECT_TRUE(process.gate.enabled(process.now + Gate::kFreshMs - 1)) << "looked too often";
  EXPECT_FALSE(process.gate.enabled(process.now + Gate::kFreshMs));
  EXPECT_FALSE(process.gate.enabled(process.now + Gate::kFreshMs + 1));
}

TEST(Gate, DecisionIsFreshAtOnce) {
  Watched process;
  ASSERT_TRUE(process.enabled());
  write(process.home.file(), kNo);
  EXPECT_EQ(process.gate.decision().rule, Rule::file_disabled);
}

TEST(Gate, FollowsTheFilesWhereverTheyGo) {
  Watched process;
  const std::string file = process.home.file();
  EXPECT_TRUE(process.enabled());
  ASSERT_TRUE(identity::set_enabled(file, false, testing::kNow).ok());
  EXPECT_FALSE(process.enabled()) << "created";
  ASSERT_TRUE(identity::set_enabled(file, true, testing::kNow).ok());
  EXPECT_TRUE(process.enabled()) << "replaced by rename";
  write(file, kNo);
  EXPECT_FALSE(process.enabled()) << "rewritten in place";
  std::filesystem::remove(file);
  EXPECT_TRUE(process.enabled()) << "deleted: nobody says no";
  std::filesystem::create_symlink("nowhere", file);
  EXPECT_FALSE(process.enabled()) << "a dangling link is not nothing";
  write(process.home.dir() + "/nowhere", kYes);
  EXPECT_TRUE(process.enabled()) << "the link's target appeared";
  write(process.home.dir() + "/nowhere", "{");
  EXPECT_FALSE(process.enabled()) << "the link's target was damaged";
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_FALSE(process.enabled()) << "a directory in its place";
  std::filesystem::remove(file);
  EXPECT_TRUE(process.enabled());
  write(process.terms.policy_file, kNo);
  EXPECT_FALSE(process.enabled()) << "the machine's policy";
  std::filesystem::remove(process.terms.policy_file);
  EXPECT_TRUE(process.enabled());
}

TEST(Gate, ADeletedFileIsNoConsentWhereConsentWasAsked) {
  Scene scene;
  scene.terms.mode = ConsentMode::opt_in;
  write(scene.home.file(), kYes);
  Gate gate(scene.terms, scene.env());
  EXPECT_TRUE(gate.enabled(kStart));
  std::filesystem::remove(scene.home.file());
  EXPECT_FALSE(gate.enabled(kStart + Gate::kFreshMs));
}

TEST(Gate, SeesAChangeOfTheSameSizeInTheSameInstant) {
  // Both texts have the same length, so only the clock could tell them apart.
  Watched process;
  for (int i = 0; i < 50; ++i) {
    write(process.home.file(), R"({"enabled": true })");
    EXPECT_TRUE(process.enabled());
    write(process.home.file(), R"({"enabled": false})");
    EXPECT_FALSE(process.enabled());
  }
}

TEST(Gate, SeesPermissionsTakenAway) {
  Scene scene;
  write(scene.home.file(), kYes);
  testing::give_to_nobody(scene.home.dir());
  testing::give_to_nobody(scene.home.file());
  EXPECT_EQ(testing::as_nobody([&]() -> std::string {
              Gate gate(scene.terms, scene.env());
              std::string seen = gate.enabled(kStart) ? "on" : "off";
              ::chmod(scene.home.file().c_str(), 0);
              seen += gate.enabled(kStart + Gate::kFreshMs) ? " on" : " off";
              ::chmod(scene.home.file().c_str(), 0600);
              seen += gate.enabled(kStart + 2 * Gate::kFreshMs) ? " on" : " off";
              ::chmod(scene.home.dir().c_str(), 0);
              seen += gate.enabled(kStart + 3 * Gate::kFreshMs) ? " on" : " off";
              ::chmod(scene.home.dir().c_str(), 0755);
              return seen;
            }),
            "on off on off");
}

TEST(Gate, TheEnvironmentIsTheOneItStartedIn) {
  Watched process;
  process.variables["DO_NOT_TRACK"] = "1";
  write(process.home.file(), kYes);
  EXPECT_TRUE(process.enabled());
  EXPECT_TRUE(process.gate.decision().enabled);
  EXPECT_FALSE(Gate(process.terms, process.env()).enabled(kStart));
}

std::atomic<int> opened;
int counting_open(const char* path, int flags, mode_t mode) {
  ++opened;
  return ::open(path, flags, mode);
}

TEST(Gate, ReadsNothingWhileNothingChanges) {
  Scene scene;
  EXPECT_EQ(testing::in_process([&] {
              file::inject({.open = counting_open});
              Gate gate(scene.terms, scene.env());
              const int at_start = opened.exchange(0);
              for (int i = 1; i <= 1000; ++i) (void)gate.enabled(kStart + i * Gate::kFreshMs);
              return std::to_string(at_start) + " " + std::to_string(opened);
            }),
            "2 0");
}

TEST(Gate, ThreadsAgreeWithinASecond) {
  Watched process;
  std::atomic<std::int64_t> now = kStart;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) (void)process.gate.enabled(now += 97);
    });
  }
  for (int i = 0; i < 200; ++i) write(process.home.file(), i % 2 == 0 ? kYes : kNo);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(process.gate.enabled(now + 2 * Gate::kFreshMs));
}

}  // namespace
}  // namespace candor::consent
