// Homes that can't be read or written: no identity is made up, and no opt-out is lost.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "identity/identity.h"
#include "identity/support.h"
#include "platform/file.h"

namespace candor::identity {
namespace {

using testing::as_nobody;
using testing::give_to_nobody;
using testing::in_process;
using testing::kNow;
using testing::slurp;
using testing::TempHome;
using testing::write;

constexpr char kOptOut[] = R"({"enabled": false})";

// Everything a program or a user may try, in one line: "mint- notice- on- off-" when all fail.
std::string try_everything(const std::string& path) {
  std::string text;
  const auto add = [&](const char* what, bool worked) {
    if (!text.empty()) text += ' ';
    text += what;
    text += worked ? '+' : '-';
  };
  add("mint", mint(path, kNow).ok());
  add("notice", show_notice_once(path, 1, kNow, [] { return true; }));
  add("on", set_enabled(path, true, kNow).ok());
  add("off", set_enabled(path, false, kNow).ok());
  return text;
}

TEST(ReadOnlyHome, MintsNothing) {
  TempHome home;
  give_to_nobody(home.dir());
  ASSERT_EQ(::chmod(home.dir().c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&] { return try_everything(home.file()); }), "mint- notice- on- off-");
  EXPECT_EQ(as_nobody([&] { return try_everything(home.dir() + "/.acme/telemetry.json"); }),
            "mint- notice- on- off-");
  EXPECT_TRUE(home.names().empty());
}

TEST(ReadOnlyHome, AnOptOutStands) {
  TempHome home;
  write(home.file(), kOptOut);
  give_to_nobody(home.file());
  give_to_nobody(home.dir());
  ASSERT_EQ(::chmod(home.dir().c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&] { return try_everything(home.file()); }), "mint- notice- on- off+");
  EXPECT_EQ(slurp(home.file()), kOptOut);
}

TEST(ReadOnlyHome, TheErrorNamesFileAndCause) {
  TempHome home;
  give_to_nobody(home.dir());
  ASSERT_EQ(::chmod(home.dir().c_str(), 0555), 0);
  const std::string text = as_nobody([&]() -> std::string {
    const Done done = set_enabled(home.file(), false, kNow);
    return done ? "worked" : done.error().text;
  });
  EXPECT_NE(text.find(home.file()), std::string::npos) << text;
  EXPECT_NE(text.find("Permission denied"), std::string::npos) << text;
}

TEST(Unreadable, FileOrDirectoryWithoutPermissionIsBroken) {
  TempHome home;
  const std::string dir = home.dir() + "/.acme";
  const std::string path = dir + "/telemetry.json";
  std::filesystem::create_directory(dir);
  write(path, R"({"enabled": true})");
  give_to_nobody(dir);
  give_to_nobody(path);
  const auto state = [&] {
    return as_nobody([&]() -> std::string {
      return read(path).state == Identity::State::broken ? "broken" : "not broken";
    });
  };
  ASSERT_EQ(::chmod(path.c_str(), 0000), 0);
  EXPECT_EQ(state(), "broken");
  EXPECT_EQ(as_nobody([&] { return try_everything(path); }), "mint- notice- on- off-");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(dir.c_str(), 0000), 0);
  EXPECT_EQ(state(), "broken");
  ASSERT_EQ(::chmod(dir.c_str(), 0700), 0);
  EXPECT_EQ(slurp(path), R"({"enabled": true})");
}

ssize_t no_space(int, const void*, std::size_t, off_t) {
  errno = ENOSPC;
  return -1;
}
ssize_t half_then_no_space(int fd, const void* from, std::size_t n, off_t at) {
  if (at == 0 && n > 1) return ::pwrite(fd, from, n / 2, at);
  errno = ENOSPC;
  return -1;
}
ssize_t io_error(int, void*, std::size_t, off_t) {
  errno = EIO;
  return -1;
}
int failing_sync(int) {
  errno = EIO;
  return -1;
}
int failing_rename(const char*, const char*) {
  errno = EIO;
  return -1;
}

TEST(FailingDisk, NothingIsHalfWritten) {
  const file::Faults faults[] = {
      {.pwrite = no_space}, {.pwrite = half_then_no_space}, {.fsync = failing_sync}};
  for (const file::Faults& fault : faults) {
    TempHome home;
    const auto run = [&] {
      return in_process([&] {
        file::inject(fault);
        return try_everything(home.file());
      });
    };
    EXPECT_EQ(run(), "mint- notice- on- off-");
    EXPECT_TRUE(home.names().empty());

    for (const char* text : {kOptOut, R"({"enabled": true})", "{}"}) {
      write(home.file(), text);
      const std::string expected = text == kOptOut  ? "mint- notice- on- off+"
                                   : text[1] == '"' ? "mint- notice- on+ off-"
                                                    : "mint- notice- on- off-";
      EXPECT_EQ(run(), expected) << text;
      EXPECT_EQ(slurp(home.file()), text);
      EXPECT_EQ(home.names().size(), 1u);
    }
  }
}

TEST(FailingDisk, AFailedReplaceKeepsTheOldFile) {
  TempHome home;
  write(home.file(), kOptOut);
  EXPECT_EQ(in_process([&] {
              file::inject({.rename = failing_rename});
              return try_everything(home.file());
            }),
            "mint- notice- on- off+");
  EXPECT_EQ(slurp(home.file()), kOptOut);
  EXPECT_EQ(home.names().size(), 1u);
}

TEST(FailingDisk, AFileThatCanNotBeReadIsOff) {
  TempHome home;
  write(home.file(), R"({"enabled": true})");
  EXPECT_EQ(in_process([&]() -> std::string {
              file::inject({.pread = io_error});
              const Identity identity = read(home.file());
              return identity.state == Identity::State::broken ? identity.problem : "understood";
            }),
            "cannot read " + home.file() + ": Input/output error");
}

// A real full file system, where the machine lets a test mount one.
TEST(FullDisk, NothingIsHalfWritten) {
  TempHome home;
  const std::string answer = in_process([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", home.dir().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return "no mount";
    }
    write(home.file(), "{}");
    write(home.dir() + "/ballast", std::string(128 * 1024, 'x'));
    std::string text = try_everything(home.file()) + " " + slurp(home.file());
    text += " files=" + std::to_string(home.names().size());
    std::filesystem::remove(home.file());
    write(home.dir() + "/ballast2", std::string(128 * 1024, 'x'));
    return text + "; " + try_everything(home.file()) +
           " files=" + std::to_string(home.names().size());
  });
  if (answer == "no mount") GTEST_SKIP() << "may not mount a file system here";
  EXPECT_EQ(answer, "mint- notice- on- off- {} files=2; mint- notice- on- off- files=2");
}

}  // namespace
}  // namespace candor::identity
