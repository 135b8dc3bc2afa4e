// What each kind of identity file means, and what writing to it leaves there.
#include "identity/identity.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "identity/support.h"
#include "identity/telemetry_file.h"
#include "platform/random.h"

namespace candor::identity {
namespace {

using testing::kId;
using testing::kNow;
using testing::slurp;
using testing::TempHome;
using testing::write;
using State = Identity::State;

using testing::read_strictly;

const std::vector<std::string> kBoth{"consent.json", "telemetry.json"};

std::string quoted_id() { return std::string("\"") + kId + "\""; }

TEST(Read, NothingIsAbsent) {
  TempHome home;
  EXPECT_EQ(read(home.file()).state, State::absent);
  EXPECT_EQ(read(home.dir() + "/no/such/dir/telemetry.json").state, State::absent);
}

TEST(Read, WholeFile) {
  TempHome home;
  write(home.file(), R"({"installId": "0B9E1B6A-3c5d-4e7f-8a9b-0c1d2e3f4a5b", "enabled": true,
    "noticeShownAt": "2026-01-02T03:04:05.678Z", "noticeShownVersion": 3,
    "createdAt": "2026-01-02T03:04:05.678Z"})");
  const Identity identity = read(home.file());
  EXPECT_EQ(identity.state, State::valid) << identity.problem;
  EXPECT_EQ(identity.install_id, kId);
  EXPECT_EQ(identity.enabled, true);
  EXPECT_EQ(identity.notice_version, 3u);
}

TEST(Read, EveryKeyIsOptional) {
  TempHome home;
  for (const char* text : {"{}", R"({"enabled": false})", "\xef\xbb\xbf{\"enabled\": false}\r\n",
                           R"({"theirs": {"enabled": 1}, "enabled": false})"}) {
    write(home.file(), text);
    const Identity identity = read(home.file());
    EXPECT_EQ(identity.state, State::valid) << text;
    EXPECT_EQ(identity.enabled.has_value(), std::string_view(text) != "{}") << text;
    EXPECT_EQ(identity.install_id, "");
  }
}

TEST(Read, LimitsHaveTwoSides) {
  TempHome home;
  const std::string head = R"({"enabled": true, "pad": ")";
  write(home.file(), head + std::string(kFileBytesMax - head.size() - 2, 'x') + "\"}");
  EXPECT_EQ(read(home.file()).state, State::valid);
  write(home.file(), head + std::string(kFileBytesMax - head.size() - 1, 'x') + "\"}");
  EXPECT_EQ(read(home.file()).state, State::broken);

  const auto nested = [](std::size_t depth) {
    return R"({"deep": )" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  write(home.file(), nested(32));
  EXPECT_EQ(read(home.file()).state, State::valid);
  write(home.file(), nested(33));
  EXPECT_EQ(read(home.file()).state, State::broken);

  write(home.file(), R"({"noticeShownVersion": 4294967295})");
  EXPECT_EQ(read(home.file()).notice_version, 4294967295u);
  write(home.file(), R"({"noticeShownVersion": 4294967296})");
  EXPECT_EQ(read(home.file()).state, State::broken);
}

// Texts that are not understood. None may be overwritten, whoever asks.
const char* const kBroken[] = {"",
                               " \n",
                               "[]",
                               "null",
                               "false",
                               "garbage",
                               "{enabled: false}",
                               R"({"enabled": false)",
                               R"({"enabled": false}})",
                               R"({"enabled": "false"})",
                               R"({"enabled": 0})",
                               R"({"enabled": null})",
                               R"({"enabled": false, "enabled": true})",
                               R"({"enabled": true, "x": {"a": 1, "a": 2}})",
                               R"({"installId": 7})",
                               R"({"installId": ""})",
                               R"({"installId": "0b9e1b6a-3c5d-4e7f-8a9b-0c1d2e3f4a5"})",
                               R"({"installId": "0b9e1b6a3c5d4e7f8a9b0c1d2e3f4a5b"})",
                               R"({"noticeShownVersion": -1})",
                               R"({"noticeShownVersion": 1.5})",
                               R"({"noticeShownVersion": "1"})",
                               R"({"createdAt": 0})",
                               R"({"noticeShownAt": null})",
                               "{\"x\": \"\xff\"}",
                               R"({"x": 1e999})",
                               "\xff\xfe{\0}\0",  // what a Windows shell's redirection writes
                               "// no comments\n{}"};

TEST(Broken, IsNeverOverwritten) {
  TempHome home;
  for (const char* text : kBroken) {
    SCOPED_TRACE(text);
    write(home.file(), text);
    const Identity identity = read(home.file());
    EXPECT_EQ(identity.state, State::broken);
    EXPECT_NE(identity.problem.find(home.file()), std::string::npos) << identity.problem;
    EXPECT_FALSE(identity.enabled == true && identity.state != State::broken);

    EXPECT_FALSE(mint(home.file(), kNow).ok());
    for (const bool enabled : {true, false}) {
      const Done done = set_enabled(home.file(), enabled, kNow);
      ASSERT_FALSE(done.ok());
      EXPECT_NE(done.error().text.find(home.file()), std::string::npos);
    }
    EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, [] { return true; }));
    EXPECT_EQ(slurp(home.file()), text);
    EXPECT_EQ(home.names().size(), 1u) << "something was left behind";
  }
}

TEST(Broken, NeverEchoesAValue) {
  TempHome home;
  write(home.file(), R"({"installId": "hunter2", "enabled": true})");
  const Identity identity = read(home.file());
  EXPECT_EQ(identity.problem.find("hunter2"), std::string::npos);
  EXPECT_NE(identity.problem.find("installId"), std::string::npos);
}

TEST(Broken, NotARegularFile) {
  const auto expect_broken = [](const std::string& path) {
    EXPECT_EQ(read(path).state, State::broken) << path;
    EXPECT_FALSE(mint(path, kNow).ok());
    EXPECT_FALSE(set_enabled(path, false, kNow).ok());
    EXPECT_EQ(read(path).state, State::broken) << path;
  };
  TempHome home;
  std::filesystem::create_directory(home.file());
  expect_broken(home.file());
  std::filesystem::remove(home.file());

  ASSERT_EQ(::mkfifo(home.file().c_str(), 0600), 0);
  expect_broken(home.file());
  std::filesystem::remove(home.file());

  std::filesystem::create_symlink("/dev/null", home.file());
  expect_broken(home.file());
  std::filesystem::remove(home.file());

  std::filesystem::create_symlink(home.dir() + "/elsewhere.json", home.file());
  expect_broken(home.file());
  EXPECT_FALSE(std::filesystem::exists(home.dir() + "/elsewhere.json"));
  std::filesystem::remove(home.file());

  std::filesystem::create_symlink(home.file(), home.file());
  expect_broken(home.file());
  std::filesystem::remove(home.file());

  write(home.dir() + "/acme", "not a directory");
  expect_broken(home.dir() + "/acme/telemetry.json");
}

TEST(Mint, CreatesTheDirectoryAndAWholeFile) {
  TempHome home;
  const std::string path = home.dir() + "/a/b/telemetry.json";
  const auto first = mint(path, kNow);
  ASSERT_TRUE(first.ok()) << first.error().text;
  EXPECT_TRUE(first->ours);
  EXPECT_TRUE(is_uuid(first->identity.install_id));

  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((home.dir() + "/a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);

  EXPECT_EQ(slurp(path), "{\n  \"installId\": \"" + first->identity.install_id +
                             "\",\n  \"enabled\": true,\n"
                             "  \"createdAt\": \"2026-01-02T03:04:05.678Z\"\n}\n");

  const auto second = mint(path, kNow + 1);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->ours);
  EXPECT_EQ(second->identity.install_id, first->identity.install_id);
}

TEST(Mint, CompletesAndKeepsWhatItDoesNotKnow) {
  TempHome home;
  write(home.file(), R"({"z": [1, 2.5, {"k": "ü"}], "enabled": true, "a": null})");
  const auto minted = mint(home.file(), kNow);
  ASSERT_TRUE(minted.ok());
  EXPECT_TRUE(minted->ours);
  // The format has no room for them, so they move.
  EXPECT_TRUE(read_strictly(home.file()).accepted) << slurp(home.file());
  const auto moved = nlohmann::json::parse(slurp(home.dir() + "/consent.json"))["otherKeys"];
  EXPECT_EQ(moved.dump(), R"({"a":null,"z":[1,2.5,{"k":"ü"}]})");
  EXPECT_EQ(nlohmann::json::parse(slurp(home.file()))["installId"], minted->identity.install_id);
  EXPECT_EQ(home.names(), kBoth);
}

TEST(Mint, WritesNothingOnceTheUserSaidNo) {
  TempHome home;
  write(home.file(), R"({"enabled": false})");
  EXPECT_FALSE(mint(home.file(), kNow).ok());
  EXPECT_EQ(slurp(home.file()), R"({"enabled": false})");

  write(home.file(), R"({"enabled": false, "installId": )" + quoted_id() + "}");
  const auto minted = mint(home.file(), kNow);
  ASSERT_TRUE(minted.ok());
  EXPECT_EQ(minted->identity.enabled, false);
}

TEST(SetEnabled, CreatesChangesAndKeeps) {
  TempHome home;
  const std::string path = home.dir() + "/.acme/telemetry.json";
  ASSERT_TRUE(set_enabled(path, false, kNow).ok());
  EXPECT_EQ(read(path).enabled, false);
  EXPECT_TRUE(read_strictly(path).accepted) << slurp(path);
  EXPECT_FALSE(read_strictly(path).enabled);
  ASSERT_TRUE(set_enabled(path, true, kNow).ok());
  EXPECT_EQ(read(path).enabled, true);
  EXPECT_TRUE(read_strictly(path).enabled);

  write(path, R"({"installId": )" + quoted_id() + R"(, "enabled": true, "theirs": [1]})");
  ASSERT_TRUE(set_enabled(path, false, kNow).ok());
  EXPECT_EQ(read(path).install_id, kId);
  EXPECT_TRUE(read_strictly(path).accepted) << slurp(path);
  const auto record = nlohmann::json::parse(slurp(home.dir() + "/.acme/consent.json"));
  EXPECT_EQ(record["otherKeys"]["theirs"].dump(), "[1]");
}

TEST(SetEnabled, TouchesNothingWhenItIsSoAlready) {
  TempHome home;
  const std::string text =
      R"({"enabled":false, "createdAt":"then", "installId":)" + quoted_id() + "}";
  write(home.file(), text);
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_EQ(slurp(home.file()), text);
  const std::string record = slurp(home.dir() + "/consent.json");
  ASSERT_TRUE(set_enabled(home.file(), false, kNow + 1).ok());
  EXPECT_EQ(slurp(home.dir() + "/consent.json"), record) << "the time of the choice";
}

TEST(SetEnabled, CompletesAnOptOutThatStrictReadersTakeForNone) {
  TempHome home;
  for (const char* text :
       {R"({"enabled":false})", R"({"enabled":false,"theirs":1,"createdAt":"x"})",
        "\xef\xbb\xbf{\"enabled\":false}"}) {
    write(home.file(), text);
    ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
    EXPECT_TRUE(read_strictly(home.file()).accepted) << text;
    EXPECT_FALSE(read_strictly(home.file()).enabled) << text;
  }
}

// Every way in which a file is made or changed, and a death at every step of it.
TEST(Format, StrictReadersAcceptWhateverIsWritten) {
  const std::pair<const char*, std::function<void(const std::string&)>> writers[] = {
      {"mint", [](const std::string& path) { static_cast<void>(mint(path, kNow)); }},
      {"off", [](const std::string& path) { static_cast<void>(set_enabled(path, false, kNow)); }},
      {"on", [](const std::string& path) { static_cast<void>(set_enabled(path, true, kNow)); }},
      {"notice",
       [](const std::string& path) {
         static_cast<void>(mint(path, kNow));
         show_notice_once(path, 1, kNow, [] { return true; });
       }},
      {"all", [](const std::string& path) {
         static_cast<void>(mint(path, kNow));
         show_notice_once(path, 1, kNow, [] { return true; });
         static_cast<void>(set_enabled(path, false, kNow));
         static_cast<void>(set_enabled(path, true, kNow));
       }}};
  const char* const before[] = {nullptr, "{}", R"({"enabled": true, "theirs": 1})",
                                R"({"enabled": false})"};
  for (const auto& [name, work] : writers) {
    for (const char* text : before) {
      for (int step = 0, died = 1; died == 1; ++step) {
        TempHome home;
        if (text != nullptr) write(home.file(), text);
        died = testing::in_process([&, &run = work]() -> std::string {
                 testing::die_at_step(step);
                 run(home.file());
                 return "lived";
               }) != "lived";
        ASSERT_LT(step, 100);
        const std::string now = slurp(home.file());
        if (now.empty() || (text != nullptr && now == text)) continue;
        EXPECT_TRUE(read_strictly(home.file()).accepted) << name << step << now;
        EXPECT_NE(read(home.file()).state, State::broken);
      }
    }
  }
}

TEST(Record, SaysWhoChoseAndIsPrivate) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  const auto chosen = [&] {
    Identity identity = read(home.file());
    add_record(identity, home.file());
    return identity.chosen_by_user;
  };
  EXPECT_FALSE(chosen());
  EXPECT_EQ(home.names(), std::vector<std::string>{"telemetry.json"});
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  EXPECT_TRUE(chosen());
  struct stat info {};
  ASSERT_EQ(::stat((home.dir() + "/consent.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  // What another program writes into the file is nobody's choice that we know of.
  write(home.file(), R"({"enabled": false, "createdAt": "x", "installId": )" + quoted_id() + "}");
  EXPECT_FALSE(chosen());
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_TRUE(chosen());
}

TEST(Record, IsReadStrictlyAndANewerOneStays) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  const std::string path = home.dir() + "/consent.json";
  const auto chosen = [&] {
    Identity identity = read(home.file());
    add_record(identity, home.file());
    return identity.chosen_by_user;
  };
  const std::string choice = R"("choice": {"enabled": true, "by": "user", "at": "x"})";
  write(path, R"({"version": 1, )" + choice + "}");
  EXPECT_TRUE(chosen());
  for (const std::string& text :
       {R"({"version": 2, )" + choice + "}", "{" + choice + "}", std::string("[]"), std::string(),
        R"({"version": 1, "more": 1, )" + choice + "}",
        R"({"version": 1, "choice": {"enabled": true, "by": "me", "at": "x"}})" + std::string(),
        R"({"version": 1, "choice": {"enabled": true, "by": "user"}})" + std::string(),
        R"({"version": 1, "choice": {"enabled": false, "by": "user", "at": "x"}})" +
            std::string()}) {
    write(path, text);
    EXPECT_FALSE(chosen()) << text;
  }
  write(path, R"({"version": 2, "what": "a later version knows"})");
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_EQ(slurp(path), R"({"version": 2, "what": "a later version knows"})");
  EXPECT_EQ(read(home.file()).enabled, false);
}

TEST(FirstRun, IsStillToComeAfterAChoiceThatMadeTheIdentity) {
  TempHome home;
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  const auto answers = testing::in_processes(16, [&](int) -> std::string {
    const auto minted = mint(home.file(), kNow);
    return minted && minted->ours ? "ours" : "not";
  });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "ours"), 1);
  EXPECT_FALSE(mint(home.file(), kNow)->ours);
}

TEST(SetEnabled, NeverMakesAFileTooLargeToRead) {
  TempHome home;
  const auto with_keys = [](int keys) {
    std::string text = "{";
    for (int i = 10'000; i < 10'000 + keys; ++i) text += "\"" + std::to_string(i) + "\":1,";
    return text + "\"last\":1}";
  };
  write(home.file(), with_keys(6'500));
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_EQ(read(home.file()).enabled, false);
  const std::string full = with_keys(6'552);
  ASSERT_GT(full.size(), kFileBytesMax - 17);
  write(home.file(), full);
  ASSERT_EQ(read(home.file()).state, State::valid);
  EXPECT_TRUE(mint(home.file(), kNow).ok());
  EXPECT_TRUE(read_strictly(home.file()).accepted);
  EXPECT_TRUE(set_enabled(home.file(), false, kNow).ok());
  const auto record = nlohmann::json::parse(slurp(home.dir() + "/consent.json"));
  EXPECT_EQ(record["otherKeys"].size(), 6'553u);
}

TEST(SetEnabled, KeepsASymbolicLink) {
  TempHome home;
  const std::string real = home.dir() + "/dotfiles.json";
  write(real, R"({"installId": )" + quoted_id() + "}");
  std::filesystem::create_symlink("dotfiles.json", home.file());
  ASSERT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(home.file()));
  EXPECT_EQ(read(real).enabled, false);
  EXPECT_EQ(read(real).install_id, kId);
}

TEST(SetEnabled, TakesOverADeadProcesssLock) {
  TempHome home;
  write(home.file() + ".lock", "");
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  EXPECT_EQ(home.names(), kBoth);
}

TEST(SetEnabled, AnOptOutOutranksALockThatIsNeverReleased) {
  TempHome home;
  write(home.file(), "{}");
  const auto held = LockFile::try_acquire(home.file() + ".lock");
  ASSERT_TRUE(held.ok());
  EXPECT_FALSE(set_enabled(home.file(), true, kNow).ok());
  EXPECT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_EQ(read(home.file()).enabled, false);
}

TEST(Notice, OncePerVersion) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  int shown = 0;
  const auto show = [&] { return ++shown > 0; };
  EXPECT_TRUE(show_notice_once(home.file(), 1, kNow, show));
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, show));
  EXPECT_TRUE(show_notice_once(home.file(), 2, kNow, show));
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, show)) << "an older program";
  EXPECT_EQ(shown, 2);
  EXPECT_EQ(read(home.file()).notice_version, 2u);
  EXPECT_EQ(nlohmann::json::parse(slurp(home.file()))["noticeShownAt"], "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(home.names().size(), 1u);
}

TEST(Notice, RecordsNothingThatWasNotShown) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, [] { return false; }));
  EXPECT_EQ(read(home.file()).notice_version, 0u);
}

TEST(Notice, NotForNobodyAndNotForWhoSaidNo) {
  TempHome home;
  bool shown = false;
  const auto show = [&] { return shown = true; };
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, show));
  EXPECT_TRUE(home.names().empty());
  write(home.file(), R"({"enabled": false})");
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, show));
  EXPECT_FALSE(shown);
}

TEST(Notice, AnOptOutWhileItIsOnTheScreenDoesNotWaitAndIsKept) {
  TempHome home;
  ASSERT_TRUE(mint(home.file(), kNow).ok());
  EXPECT_FALSE(show_notice_once(home.file(), 1, kNow, [&] {
    EXPECT_TRUE(set_enabled(home.file(), false, kNow).ok());
    return true;
  }));
  EXPECT_EQ(read(home.file()).enabled, false);
  EXPECT_EQ(read(home.file()).notice_version, 0u);
}

TEST(ProjectId, HashesTheRealDirectory) {
  TempHome home;
  const std::string real = std::filesystem::canonical(home.dir());
  std::filesystem::create_directory(real + "/project");
  std::filesystem::create_symlink("project", real + "/link");
  const std::string expected = sha256_hex(std::string(kId) + ":" + real + "/project");
  EXPECT_EQ(project_id(kId, real + "/project"), expected);
  EXPECT_EQ(project_id(kId, real + "/project/"), expected);
  EXPECT_EQ(project_id(kId, real + "/link"), expected);
  EXPECT_EQ(project_id(kId, real + "/link/../project/."), expected);
  EXPECT_EQ(expected.size(), 64u);
}

TEST(ProjectId, OfADirectoryThatIsNotThereYet) {
  TempHome home;
  const std::string later = home.dir() + "/later/./inner";
  const std::string before = project_id(kId, later);
  std::filesystem::create_directories(home.dir() + "/later/inner");
  EXPECT_EQ(project_id(kId, later), before);
}

TEST(ProjectId, OfALinkToADirectoryThatIsNotThereYet) {
  TempHome home;
  std::filesystem::create_symlink("later", home.dir() + "/last");
  std::filesystem::create_symlink(home.dir() + "/last/inner", home.dir() + "/chain");
  const std::string last = project_id(kId, home.dir() + "/last");
  const std::string chain = project_id(kId, home.dir() + "/chain");
  EXPECT_EQ(last, project_id(kId, home.dir() + "/later"));
  EXPECT_EQ(chain, project_id(kId, home.dir() + "/later/inner"));
  std::filesystem::create_directories(home.dir() + "/later/inner");
  EXPECT_EQ(project_id(kId, home.dir() + "/last"), last);
  EXPECT_EQ(project_id(kId, home.dir() + "/chain"), chain);
}

TEST(ProjectId, OfLinksInACircle) {
  TempHome home;
  std::filesystem::create_symlink("two", home.dir() + "/one");
  std::filesystem::create_symlink("one", home.dir() + "/two");
  EXPECT_TRUE(is_project_id(project_id(kId, home.dir() + "/one")));
}

TEST(ProjectId, RelativeMeansFromHere) {
  TempHome home;
  std::filesystem::create_directory(home.dir() + "/project");
  const std::string id = testing::in_process([&]() -> std::string {
    if (::chdir(home.dir().c_str()) != 0) return "";
    return project_id(kId, "project") + project_id(kId, "./missing/../project");
  });
  const std::string expected = project_id(kId, home.dir() + "/project");
  EXPECT_EQ(id, expected + expected);
}

TEST(ProjectId, NoneWithoutBoth) {
  EXPECT_EQ(project_id("", "/tmp"), "");
  EXPECT_EQ(project_id(kId, ""), "");
}

}  // namespace
}  // namespace candor::identity
