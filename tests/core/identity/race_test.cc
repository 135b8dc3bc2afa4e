// Many processes at the same moment, and processes that die.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "identity/identity.h"
#include "identity/support.h"
#include "platform/file.h"

namespace candor::identity {
namespace {

using testing::in_processes;
using testing::kNow;
using testing::TempHome;
using testing::write;

constexpr int kProcesses = 64;

struct Outcome {
  std::set<std::string> ids;
  int ours = 0;
  int notices = 0;
};

// What a program does when it starts: "<id> [ours] [shown]".
std::string start_up(const std::string& path) {
  auto minted = mint(path, kNow);
  // A client looks again in a second; on a slow machine 64 of them may have to.
  for (int i = 0; i < 100 && !minted && minted.error().code == EWOULDBLOCK; ++i) {
    minted = mint(path, kNow);
  }
  if (!minted) return "failed: " + minted.error().text;
  std::string text = minted->identity.install_id;
  if (minted->ours) text += " ours";
  bool shown = false;
  (void)show_notice_once(path, 1, kNow, [&] { return shown = true; });
  if (shown) text += " shown";
  return text;
}

Outcome tally(const std::vector<std::string>& answers) {
  Outcome outcome;
  for (const std::string& answer : answers) {
    outcome.ids.insert(answer.substr(0, answer.find(' ')));
    outcome.ours += answer.find(" ours") != std::string::npos;
    outcome.notices += answer.find(" shown") != std::string::npos;
  }
  return outcome;
}

void expect_one_of_each(const TempHome& home, const std::string& path) {
  const Outcome outcome = tally(in_processes(kProcesses, [&](int) { return start_up(path); }));
  EXPECT_EQ(outcome.ids, std::set{read(path).install_id});
  EXPECT_EQ(outcome.ours, 1);
  EXPECT_EQ(outcome.notices, 1);
  EXPECT_EQ(read(path).notice_version, 1u);
  for (const std::string& name : home.names()) {
    EXPECT_TRUE(name == ".acme" || name == "telemetry.json" || name == "consent.json") << name;
  }
}

TEST(Race, EmptyHomeEndsWithOneIdAndOneNotice) {
  TempHome home;
  expect_one_of_each(home, home.dir() + "/.acme/telemetry.json");
}

TEST(Race, FileWithoutAnIdEndsWithOneIdAndOneNotice) {
  TempHome home;
  write(home.file(), R"({"enabled": true, "theirs": 1})");
  expect_one_of_each(home, home.file());
}

// Runs `work` in a process in which `meanwhile` happens just before the lock file with
// this suffix is opened: what another process may do between a look and a lock.
std::string with_interruption(std::string_view suffix, const std::function<void()>& meanwhile,
                              const std::function<std::string()>& work) {
  static std::string_view at;
  static std::function<void()> action;
  at = suffix;
  action = meanwhile;
  return testing::in_process([&] {
    file::inject({.open = [](const char* path, int flags, mode_t mode) {
      if (std::string_view(path).ends_with(at)) std::exchange(action, [] {})();
      return ::open(path, flags, mode);
    }});
    return work();
  });
}

TEST(Interrupted, ANoticeShownBetweenLookAndLockIsNotShownAgain) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  const auto show = [&] { return show_notice_once(home.file(), 1, kNow, [] { return true; }); };
  EXPECT_EQ(with_interruption(
                ".notice", [&] { ASSERT_TRUE(show()); },
                [&]() -> std::string { return show() ? "again" : "once"; }),
            "once");
}

TEST(Interrupted, AnOptOutBetweenLookAndLockStopsTheMinter) {
  TempHome home;
  write(home.file(), "{}");
  EXPECT_EQ(with_interruption(
                ".lock", [&] { write(home.file(), R"({"enabled": false})"); },
                [&]() -> std::string { return mint(home.file(), kNow).ok() ? "minted" : "not"; }),
            "not");
  EXPECT_EQ(testing::slurp(home.file()), R"({"enabled": false})");
}

TEST(Interrupted, AnOptOutBetweenShowingAndRecordingStays) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  EXPECT_EQ(with_interruption(
                ".lock", [&] { write(home.file(), R"({"enabled": false})"); },
                [&]() -> std::string {
                  return show_notice_once(home.file(), 1, kNow, [] { return true; }) ? "recorded"
                                                                                     : "not";
                }),
            "not");
  EXPECT_EQ(testing::slurp(home.file()), R"({"enabled": false})");
}

// 32 programs start while one user opts out: whatever comes first, the last word is no.
void opt_out_among_starters(const char* before) {
  constexpr int kRounds = 15;
  for (int round = 0; round < kRounds; ++round) {
    TempHome home;
    if (before != nullptr) write(home.file(), before);
    const auto answers = in_processes(33, [&](int i) -> std::string {
      // In the middle, so that some start before and some after.
      if (i != 16) return start_up(home.file());
      const Done done = set_enabled(home.file(), false, kNow);
      return done ? "off" : done.error().text;
    });
    EXPECT_EQ(answers[16], "off");
    const Identity after = read(home.file());
    ASSERT_EQ(after.enabled, false) << "the opt-out was lost in round " << round;
    std::set<std::string> ids;
    for (const std::string& answer : answers) {
      if (!answer.starts_with("failed") && answer != "off") {
        ids.insert(answer.substr(0, answer.find(' ')));
      }
    }
    if (!ids.empty()) { EXPECT_EQ(ids, std::set{after.install_id}) << "an id was lost"; }
    EXPECT_EQ(home.names(), (std::vector<std::string>{"consent.json", "telemetry.json"}));
  }
}

TEST(Race, OptOutAgainstMintersOfAnEmptyHome) { opt_out_among_starters(nullptr); }
TEST(Race, OptOutAgainstMintersThatComplete) { opt_out_among_starters(R"({"theirs": 1})"); }

TEST(Race, KilledWritersLeaveAWholeFile) {
  TempHome home;
  const auto minted = mint(home.file(), kNow);
  ASSERT_TRUE(minted.ok());
  for (int round = 0; round < 60; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (bool enabled = false;; enabled = !enabled) {
        (void)set_enabled(home.file(), enabled, kNow);
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      }
    }
    // It dies somewhere inside its second to fifth rewrite.
    for (int i = 0; i <= round % 4; ++i) {
      char byte = 0;
      ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    const Identity after = read(home.file());
    ASSERT_EQ(after.state, Identity::State::valid) << after.problem;
    ASSERT_EQ(after.install_id, minted->identity.install_id);
    ASSERT_TRUE(after.enabled.has_value());
  }
  // Nothing that a dead process held keeps the next one from its work.
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
}

TEST(Race, AProcessKilledWhileShowingLeavesTheNoticeToTheNext) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  const auto died = testing::in_process([&]() -> std::string {
    (void)show_notice_once(home.file(), 1, kNow, [] { return ::raise(SIGKILL) == 0; });
    return "survived";
  });
  EXPECT_EQ(died, "died");
  EXPECT_EQ(read(home.file()).notice_version, 0u);
  EXPECT_TRUE(show_notice_once(home.file(), 1, kNow, [] { return true; }));
}

TEST(LockFile, OneHolderAtATime) {
  TempHome home;
  const std::string path = home.dir() + "/lock";
  const std::string counter = home.dir() + "/counter";
  write(counter, "0");
  constexpr int kTurns = 20;
  const auto answers = in_processes(8, [&](int) -> std::string {
    for (int i = 0; i < kTurns; ++i) {
      const auto lock = LockFile::acquire(path, 60'000);
      if (!lock) return lock.error().text;
      write(counter, std::to_string(std::stoi(testing::slurp(counter)) + 1));
    }
    return "ok";
  });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "ok"), 8);
  EXPECT_EQ(testing::slurp(counter), std::to_string(8 * kTurns));
  EXPECT_EQ(home.names(), std::vector<std::string>{"counter"});
}

TEST(LockFile, ADescriptorInAForkedChildDoesNotKeepIt) {
  TempHome home;
  const std::string path = home.dir() + "/lock";
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  pid_t child = 0;
  {
    const auto lock = LockFile::try_acquire(path);
    ASSERT_TRUE(lock.ok());
    child = ::fork();
    if (child == 0) {
      ::close(hold[1]);
      char byte = 0;
      ::_exit(static_cast<int>(::read(hold[0], &byte, 1)));
    }
  }
  EXPECT_TRUE(LockFile::try_acquire(path).ok());
  ::close(hold[1]);
  ::waitpid(child, nullptr, 0);
  ::close(hold[0]);
}

}  // namespace
}  // namespace candor::identity
