// Writers that stop in the middle of a write, as over a slow disk, while the user opts out.
#include <gtest/gtest.h>
#include <signal.h>

#include <utility>

#include "identity/identity.h"
#include "identity/support.h"
#include "identity/telemetry_file.h"
#include "platform/file.h"

namespace candor::identity {
namespace {

using testing::kNow;
using testing::read_strictly;
using testing::slurp;
using testing::TempHome;
using testing::write;

constexpr char kOn[] =
    R"({"installId": "0b9e1b6a-3c5d-4e7f-8a9b-0c1d2e3f4a5b", "enabled": true, "createdAt": "x"})";
constexpr char kOff[] =
    R"({"installId": "0b9e1b6a-3c5d-4e7f-8a9b-0c1d2e3f4a5b", "enabled": false, "createdAt": "x"})";

// A process that stops at its first call of a kind until it is told to go on.
class Stalled {
 public:
  enum class At { sync, exchange };
  Stalled(At at, const std::function<std::string()>& work, bool dies = false) {
    int stopped[2], go[2], said[2];
    if (::pipe(stopped) != 0 || ::pipe(go) != 0 || ::pipe(said) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::close(stopped[0]), ::close(go[1]), ::close(said[0]);
      hook() = {stopped[1], go[0], dies, false};
      if (at == At::sync) {
        file::inject({.fsync = [](int fd) {
          stall();
          return ::fsync(fd);
        }});
      } else {
        file::inject({.exchange = [](const char* a, const char* b) {
          stall();
          const int done = ::renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
          if (hook().dies) ::raise(SIGKILL);
          return done;
        }});
      }
      const std::string text = work();
      ::_exit(::write(said[1], text.data(), text.size()) < 0 ? 1 : 0);
    }
    ::close(stopped[1]), ::close(go[0]), ::close(said[1]);
    stopped_ = stopped[0], go_ = go[1], said_ = said[0];
    char byte = 0;
    stopped_once_ = ::read(stopped_, &byte, 1) == 1;
  }
  ~Stalled() { ::close(stopped_), ::close(go_), ::close(said_); }
  Stalled(const Stalled&) = delete;
  Stalled& operator=(const Stalled&) = delete;

  [[nodiscard]] bool stopped() const { return stopped_once_; }
  // What it answers at its end.
  std::string go_on() const {
    if (::write(go_, "g", 1) != 1) std::abort();
    std::string text(256, '\0');
    const ssize_t n = ::read(said_, text.data(), text.size());
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    ::waitpid(child_, nullptr, 0);
    return text;
  }

 private:
  struct Hook {
    int stopped = -1, go = -1;
    bool dies = false, done = false;
  };
  static Hook& hook() {
    static Hook the;
    return the;
  }
  static void stall() {
    if (std::exchange(hook().done, true)) return;
    char byte = 's';
    if (::write(hook().stopped, &byte, 1) != 1 || ::read(hook().go, &byte, 1) != 1) ::_exit(1);
  }

  pid_t child_ = 0;
  int stopped_ = -1, go_ = -1, said_ = -1;
  bool stopped_once_ = false;
};

struct Holder {
  const char* name;
  const char* before;
  std::string (*work)(const std::string& path);
  const char* answer;
};
const Holder kHolders[] = {
    {"mint", R"({"enabled": true})",
     [](const std::string& path) -> std::string {
       const auto minted = mint(path, kNow);
       return minted && minted->identity.enabled == true ? "minted" : "not";
     },
     "not"},
    {"notice", kOn,
     [](const std::string& path) -> std::string {
       return show_notice_once(path, 1, kNow, [] { return true; }) ? "recorded" : "not";
     },
     "not"},
    {"enable", kOff,
     [](const std::string& path) -> std::string {
       return set_enabled(path, true, kNow) ? "enabled" : "not";
     },
     "not"}};

TEST(SlowDisk, AnOptOutOutlastsAHolderThatGoesOn) {
  for (const Holder& holder : kHolders) {
    for (const auto at : {Stalled::At::sync, Stalled::At::exchange}) {
      SCOPED_TRACE(std::string(holder.name) + (at == Stalled::At::sync ? " sync" : " exchange"));
      TempHome home;
      write(home.file(), holder.before);
      const Stalled process(at, [&] { return holder.work(home.file()); });
      ASSERT_TRUE(process.stopped());
      EXPECT_TRUE(set_enabled(home.file(), false, kNow).ok());
      EXPECT_EQ(read(home.file()).enabled, false);
      EXPECT_EQ(process.go_on(), holder.answer);
      EXPECT_EQ(read(home.file()).enabled, false);
      EXPECT_TRUE(read_strictly(home.file()).accepted) << slurp(home.file());
      EXPECT_FALSE(read_strictly(home.file()).enabled);
      EXPECT_EQ(home.names(), (std::vector<std::string>{"consent.json", "telemetry.json"}));
    }
  }
}

TEST(SlowDisk, AHolderKilledAfterItsRenameLosesNoOptOut) {
  TempHome home;
  write(home.file(), kOn);
  const Stalled process(
      Stalled::At::exchange, [&] { return kHolders[1].work(home.file()); }, true);
  ASSERT_TRUE(process.stopped());
  EXPECT_TRUE(set_enabled(home.file(), false, kNow).ok());
  EXPECT_EQ(process.go_on(), "");
  EXPECT_TRUE(read_strictly(home.file()).enabled) << "the older copy was brought";
  EXPECT_EQ(read(home.file()).enabled, false) << "the mark is heeded";
  EXPECT_FALSE(mint(home.file(), kNow)->identity.enabled.value_or(true));

  finish_opt_out(home.file(), kNow);
  EXPECT_FALSE(read_strictly(home.file()).enabled);
  EXPECT_FALSE(marked(home.file()));
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  EXPECT_EQ(read(home.file()).enabled, true);
}

TEST(SlowDisk, AnotherProgramsWordBetweenLookAndRenameStays) {
  TempHome home;
  write(home.file(), kOn);
  const Stalled process(Stalled::At::exchange, [&] { return kHolders[1].work(home.file()); });
  ASSERT_TRUE(process.stopped());
  write(home.dir() + "/theirs", kOff);
  std::filesystem::rename(home.dir() + "/theirs", home.file());
  EXPECT_EQ(process.go_on(), "not");
  EXPECT_EQ(slurp(home.file()), kOff);
  EXPECT_EQ(home.names(), std::vector<std::string>{"telemetry.json"});
}

TEST(Mark, SaysNoAlone) {
  TempHome home;
  write(mark_path(home.file()), "");
  EXPECT_EQ(read(home.file()).enabled, false);
  EXPECT_FALSE(mint(home.file(), kNow).ok());
  write(home.file(), kOn);
  EXPECT_EQ(read(home.file()).enabled, false);
  ASSERT_TRUE(set_enabled(home.file(), true, kNow).ok());
  EXPECT_EQ(read(home.file()).enabled, true);
  EXPECT_FALSE(marked(home.file()));
}

}  // namespace
}  // namespace candor::identity
