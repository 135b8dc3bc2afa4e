// A home that can't be written: one truth in emit, flush, status and the log, and a way back.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "candor/client.h"
#include "client/support.h"
#include "identity/support.h"
#include "platform/clock.h"

namespace candor {
namespace {

using std::chrono::milliseconds;
using test::kCatalog;
using testing::as_nobody;
using testing::give_to_nobody;
using testing::TempHome;

Options options_in(const std::string& home, std::vector<std::string>* log = nullptr) {
  Options options;
  options.catalog_text = kCatalog;
  options.product_version = "1.2.3";
  options.home = home;
  options.policy_file = home + "/no-policy.json";
  options.delivery = Delivery::manual;
  options.environment.emplace();
  if (log != nullptr) {
    options.log = [log](std::string_view line) { log->emplace_back(line); };
  }
  return options;
}

// What the faces say, in one line.
std::string faces(Client& client, const std::vector<std::string>& log) {
  const Outcome outcome = client.emit("started", {{"n", 1}});
  const bool flushed(client.flush(milliseconds{1}));
  const Status status = client.status();
  return std::string(name(outcome.result)) + (flushed ? " flushed " : " unflushed ") + status.rule +
         (status.enabled ? " on" : " off") + (status.problem.empty() ? "" : " problem") +
         " lines=" + std::to_string(log.size());
}

// Emits until one is accepted; a running process looks at its home once a second.
bool accepts_within_a_while(Client& client) {
  const std::int64_t until = steady_ms() + 30'000;
  while (steady_ms() < until) {
    if (client.emit("started", {{"n", 1}})) return true;
    ::usleep(10'000);
  }
  return false;
}

TEST(UnwritableHome, IsOffInEveryFaceAndRecovers) {
  TempHome top;
  const std::string home = top.dir() + "/home";
  std::filesystem::create_directory(home);
  give_to_nobody(home);
  ASSERT_EQ(::chmod(home.c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&]() -> std::string {
              std::vector<std::string> log;
              const auto client = Client::open(options_in(home, &log));
              std::string said = faces(*client, log);
              for (int i = 0; i < 3; ++i) {
                if (faces(*client, log) != said) return "changed";
              }
              if (!std::filesystem::is_empty(home)) return "written";
              if (::chmod(home.c_str(), 0700) != 0) return "chmod";
              said += accepts_within_a_while(*client) ? "; accepted" : "; never";
              return said + (client->status().enabled ? " on " : " off ") + client->status().rule;
            }),
            "disabled unflushed home_unwritable off problem lines=1; accepted on file_enabled");
}

TEST(UnwritableHome, CountsWhereOnlyTheSpoolCanNotBeMade) {
  TempHome top;
  const std::string home = top.dir() + "/home";
  std::filesystem::create_directory(home);
  testing::write(home + "/telemetry.json",
                 R"({"installId": "0b9e1b6a-3c5d-4e7f-8a9b-0c1d2e3f4a5b", "enabled": true,
                     "createdAt": "x", "noticeShownVersion": 1})");
  give_to_nobody(home + "/telemetry.json");
  give_to_nobody(home);
  ASSERT_EQ(::chmod(home.c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&]() -> std::string {
              std::vector<std::string> log;
              const auto client = Client::open(options_in(home, &log));
              return faces(*client, log);
            }),
            "disabled unflushed home_unwritable off problem lines=1");
  // Nothing but the spool has to be written any more.
  for (const char* dir : {"/telemetry-spool", "/telemetry-spool/acme.1"}) {
    std::filesystem::create_directory(home + dir);
    give_to_nobody(home + dir);
  }
  EXPECT_EQ(as_nobody([&]() -> std::string {
              const auto client = Client::open(options_in(home));
              return std::string(name(client->emit("started", {{"n", 1}}).result)) + " " +
                     client->status().rule;
            }),
            "accepted file_enabled");
}

TEST(UnwritableHome, IsNoticedByARunningProcess) {
  TempHome top;
  const std::string home = top.dir() + "/home";
  std::filesystem::create_directory(home);
  give_to_nobody(home);
  EXPECT_EQ(as_nobody([&]() -> std::string {
              std::vector<std::string> log;
              const auto client = Client::open(options_in(home, &log));
              if (!client->emit("started", {{"n", 1}})) return "not accepted";
              const std::string spool = home + "/telemetry-spool/acme.1";
              if (::chmod(spool.c_str(), 0500) != 0) return "chmod";
              const std::int64_t until = steady_ms() + 30'000;
              while (steady_ms() < until &&
                     client->emit("started", {{"n", 1}}).result != Result::disabled) {
                ::usleep(10'000);
              }
              const std::string said = faces(*client, log);
              ::chmod(spool.c_str(), 0700);
              return said + (accepts_within_a_while(*client) ? "; accepted" : "; never");
            }),
            "disabled unflushed home_unwritable off problem lines=1; accepted");
}

}  // namespace
}  // namespace candor
