#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <regex>
#include <set>
#include <thread>

#include "identity/identity.h"
#include "platform/clock.h"
#include "support.h"

namespace candor {
namespace {

using test::Home;

TEST(Client, KeepsAnAcceptedEventAsCanonicalBytes) {
  Home home;
  auto client = Client::open(home.options());
  const Outcome outcome =
      client->emit("started", {{"note", "hi"}, {"n", 2.0}},
                   {.timestamp_ms = 1767323045678, .uuid = "01234567-89ab-7cde-8f01-23456789abcd"});
  EXPECT_EQ(outcome.result, Result::accepted);
  EXPECT_EQ(home.waiting(),
            std::vector<std::string>{
                R"({"event":"started","uuid":"01234567-89ab-7cde-8f01-23456789abcd",)"
                R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{"version":"1.2.3",)"
                R"("runtime":"cpp","n":2,"note":"hi"}})"});
}

TEST(Client, GivesEveryEventAUuid7AndATimeOfItsOwn) {
  Home home;
  auto client = Client::open(home.options());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->emit("started", {{"n", i}}));
  std::set<std::string> ids;
  std::string last;
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (const auto& event : home.waiting()) {
    const auto json = nlohmann::json::parse(event);
    const std::string id = json["uuid"];
    EXPECT_TRUE(std::regex_match(id, shape)) << id;
    EXPECT_GT(id, last);  // also of the events of one millisecond
    ids.insert(id);
    last = id;
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(Client, RejectsAndCountsPerEventAndCode) {
  Home home;
  std::vector<std::string> lines;
  Options options = home.options();
  options.log = [&](std::string_view line) { lines.emplace_back(line); };
  auto client = Client::open(options);
  Outcome outcome = client->emit("started", {{"n", -1}});
  EXPECT_EQ(outcome.result, Result::rejected);
  EXPECT_EQ(outcome.code, Code::out_of_range);
  EXPECT_EQ(outcome.field, "n");
  EXPECT_EQ(client->emit("started", {{"n", -2}}).code, Code::out_of_range);
  EXPECT_EQ(client->emit("no_such\x1b[31m", {}).code, Code::unknown_event);
  EXPECT_EQ(client->emit("python_only", {}).code, Code::wrong_runtime);
  EXPECT_EQ(lines, (std::vector<std::string>{"candor: started rejected: out_of_range (n)",
                                             "candor: no_such?[31m rejected: unknown_event",
                                             "candor: python_only rejected: wrong_runtime"}));
  const Ledger ledger = client->stats();
  EXPECT_EQ(ledger.events.at("started").of(Code::out_of_range), 2u);
  EXPECT_EQ(ledger.events.at("(unknown)").of(Code::unknown_event), 1u);
  EXPECT_EQ(ledger.total.captured(), 4u);
  EXPECT_EQ(ledger.spool.segments, 1u);
}

TEST(Client, OptionsOfAnEmitAreChecked) {
  Home home;
  auto client = Client::open(home.options());
  EXPECT_EQ(client->emit("started", {{"n", 1}}, {.timestamp_ms = -1}).field, "timestamp");
  EXPECT_EQ(client->emit("started", {{"n", 1}}, {.uuid = "nope"}).field, "uuid");
  EXPECT_EQ(client->emit("started", {{"n", 1}}, {.distinct_id = std::string(201, 'x')}).field,
            "distinct_id");
  EXPECT_TRUE(client->emit("started", {{"n", 1}}, {.distinct_id = std::string(200, 'x')}));
  EXPECT_EQ(client->emit("started", {{"n", 1}}, {.distinct_id = ""}).code, Code::bad_pattern);
  EXPECT_EQ(client->emit("started", {{"n", 1}}, {.distinct_id = "\xed\xa0\x80"}).code,
            Code::invalid_utf8);
}

TEST(Client, AnEmitMayBeAboutAnotherProject) {
  Home home;
  Options options = home.options();
  options.project_dir = "/projects/own";
  auto client = Client::open(options);
  const std::string other = client->project_id("/projects/other");
  EXPECT_TRUE(identity::is_project_id(other));
  EXPECT_EQ(client->project_id(""), "");
  const std::string none = std::string(64, 'g');
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  ASSERT_TRUE(client->emit("started", {{"n", 2}}, {.project_dir = "/projects/./other/"}));
  ASSERT_TRUE(client->emit("started", {{"n", 3}}, {.project_dir = "/x", .project_id = other}));
  for (const std::string_view wrong : {std::string_view("other"), std::string_view(none)}) {
    const Outcome outcome = client->emit("started", {{"n", 1}}, {.project_id = wrong});
    EXPECT_EQ(outcome.code, Code::bad_pattern);
    EXPECT_EQ(outcome.field, "project_id");
  }
  std::vector<std::string> projects;
  spool::for_each_pending(home.spool(), [&](std::string_view payload) {
    projects.emplace_back(event::parse_record(payload)->project);
  });
  EXPECT_EQ(projects,
            (std::vector<std::string>{client->project_id("/projects/own"), other, other}));
}

TEST(Client, NoProjectHasAnIdWhileItIsOff) {
  Home home;
  home.write_identity(R"({"enabled": false})");
  EXPECT_EQ(Client::open(home.options())->project_id("/projects/own"), "");
}

TEST(Client, SourcesThatTheCatalogLacksOrNeedsAreTold) {
  Home home;
  Options options = home.options();
  std::vector<std::string> lines;
  options.log = [&](std::string_view line) { lines.emplace_back(line); };
  std::string text = test::kCatalog;
  text.insert(text.find("\"version\": { \"type\""),
              R"("region": { "type": "string", "max_length": 9, "source": "host.region" }, )");
  options.catalog_text = text;
  options.sources["host.regoin"] = std::string("eu");
  static_cast<void>(Client::open(options));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "candor: no field of the envelope has the source host.regoin",
                       "candor: every event will be rejected: the envelope's region needs the "
                       "source host.region"}));
  lines.clear();
  options.sources = {{"host.region", std::string("eu")}};
  static_cast<void>(Client::open(options));
  EXPECT_TRUE(lines.empty());
}

TEST(Client, AMissingUploadPartIsToldOnce) {
  Home home;
  Options options = home.options();
  options.upload_library = "/no/such/library.so";
  std::vector<std::string> lines;
  options.log = [&](std::string_view line) { lines.emplace_back(line); };
  auto client = Client::open(options);
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(client->flush(std::chrono::milliseconds(1)));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("libcandor-upload"), std::string::npos);
}

TEST(Client, AnOptionOfATypeItCannotHoldIsARejection) {
  Home home;
  auto client = Client::open(home.options());
  const Outcome outcome = client->emit("started", {{"n", 1}}, {.wrong_type = "timestamp"});
  EXPECT_EQ(outcome.code, Code::wrong_type);
  EXPECT_EQ(outcome.field, "timestamp");
  EXPECT_EQ(home.ledger().events.at("started").of(Code::wrong_type), 1u);
  std::string bytes;
  const std::string long_id(201, 'x');
  EXPECT_EQ(
      client->encode("started", std::array{Field{"n", 1}}, bytes, {.distinct_id = long_id}).code,
      Code::too_long);
}

TEST(Client, TheGivenEnvironmentDecidesInsteadOfTheProcesss) {
  Home home;
  ::setenv("DO_NOT_TRACK", "1", 1);
  Options options = home.options();
  options.environment.emplace();
  auto on = Client::open(options);
  EXPECT_TRUE(on->emit("started", {{"n", 1}}));
  EXPECT_TRUE(on->status().enabled);
  ::unsetenv("DO_NOT_TRACK");
  options.environment->emplace("DO_NOT_TRACK", "1");
  auto off = Client::open(options);
  EXPECT_EQ(off->emit("started", {{"n", 1}}).result, Result::disabled);
  EXPECT_EQ(off->status().rule, "do_not_track");
}

TEST(Client, OffMeansDisabledAndNoFile) {
  for (const char* variable : {"ACME_TELEMETRY_DISABLED", "DO_NOT_TRACK", "CI"}) {
    Home home;
    ::setenv(variable, "1", 1);
    auto client = Client::open(home.options());
    EXPECT_EQ(client->emit("started", {{"n", 1}}).result, Result::disabled);
    EXPECT_FALSE(client->status().enabled);
    EXPECT_TRUE(client->flush(std::chrono::milliseconds(10)));
    client.reset();
    EXPECT_FALSE(std::filesystem::exists(home.identity_file()));
    EXPECT_FALSE(std::filesystem::exists(home.spool()));
  }
}

TEST(Client, AFileThatCannotBeUnderstoodMeansDisabledAndStays) {
  for (const char* text : {"", "[]", "{", "nonsense", R"({"enabled": "no"})"}) {
    Home home;
    home.write_identity(text);
    auto client = Client::open(home.options());
    EXPECT_EQ(client->emit("started", {{"n", 1}}).result, Result::disabled) << text;
    EXPECT_EQ(home.read_identity(), text);
  }
}

TEST(Client, ConsentWithdrawnByAnotherProcessIsSeenAndEmptiesTheSpool) {
  Home home;
  auto client = Client::open(home.options());
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  ASSERT_TRUE(identity::set_enabled(home.identity_file(), false, unix_ms()));
  const std::int64_t until = steady_ms() + 10'000;
  Outcome outcome;
  while (steady_ms() < until && (outcome = client->emit("started", {{"n", 2}}))) {}
  EXPECT_EQ(outcome.result, Result::disabled);
  EXPECT_TRUE(home.waiting().empty());
  client.reset();
  EXPECT_GT(home.ledger().total.of(Reason::opted_out), 0u);
}

// As `disable` of another process does it, which a process learns of within a second.
void disable_elsewhere(const Home& home) {
  ASSERT_TRUE(identity::set_enabled(home.identity_file(), false, unix_ms()));
  static_cast<void>(spool::purge(home.spool()));
}

TEST(Client, AnEmitAfterAnOptOutElsewhereLeavesNothing) {
  const Home home;
  auto wrote = Client::open(home.options()), has_not = Client::open(home.options());
  ASSERT_TRUE(wrote->emit("started", {{"n", 1}}));
  disable_elsewhere(home);
  for (Client* const client : {wrote.get(), has_not.get()}) {
    EXPECT_EQ(client->emit("started", {{"n", 2}}).result, Result::disabled);
  }
  ASSERT_TRUE(identity::set_enabled(home.identity_file(), true, unix_ms()));
  EXPECT_TRUE(home.waiting().empty());
}

TEST(Client, EnableDeletesWhatWaitsUnderAnOptOut) {
  const Home home;
  ASSERT_TRUE(Client::open(home.options())->emit("started", {{"n", 1}}));
  auto client = Client::open(home.options());
  ASSERT_TRUE(identity::set_enabled(home.identity_file(), false, unix_ms()));
  EXPECT_TRUE(client->enable().enabled);
  EXPECT_TRUE(home.waiting().empty());
  EXPECT_TRUE(client->emit("started", {{"n", 2}}));
  EXPECT_EQ(home.waiting().size(), 1u);
}

TEST(Client, ConsentGivenToARunningProcessIsSeen) {
  Home home;
  home.write_identity(R"({"enabled": false})");
  auto client = Client::open(home.options());
  EXPECT_EQ(client->emit("started", {{"n", 1}}).result, Result::disabled);
  ASSERT_TRUE(identity::set_enabled(home.identity_file(), true, unix_ms()));
  const std::int64_t until = steady_ms() + 10'000;
  Outcome outcome;
  while (steady_ms() < until && !(outcome = client->emit("started", {{"n", 2}}))) {}
  EXPECT_TRUE(outcome);
}

TEST(Client, AChoiceMadeThroughTheClientHoldsAtOnce) {
  Home home;
  auto client = Client::open(home.options());
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  const Status off = client->disable();
  EXPECT_FALSE(off.enabled);
  EXPECT_EQ(off.rule, "file_disabled");
  EXPECT_EQ(off.problem, "");
  EXPECT_TRUE(home.waiting().empty());
  EXPECT_EQ(client->emit("started", {{"n", 2}}).result, Result::disabled);
  EXPECT_EQ(home.ledger().total.of(Reason::opted_out), 1u);

  EXPECT_TRUE(client->enable().enabled);
  EXPECT_TRUE(client->emit("started", {{"n", 3}}));
  EXPECT_EQ(home.waiting().size(), 1u);
}

TEST(Client, NothingIsLeftOfEventsEmittedWhileTheUserSaysNo) {
  Home home;
  for (int round = 0; round < 100; ++round) {
    auto client = Client::open(home.options());
    ASSERT_TRUE(client->enable().enabled);
    std::atomic<bool> started{false};
    std::thread host([&] {
      while (client->emit("started", {{"n", 1}})) started = true;
    });
    while (!started) std::this_thread::yield();
    static_cast<void>(client->disable());
    host.join();
    client.reset();
    ASSERT_TRUE(home.waiting().empty()) << round;
  }
}

TEST(Client, ConsentGivenThroughTheClientCountsFromTheNextEvent) {
  Home home;
  home.write_identity(R"({"enabled": false})");
  auto client = Client::open(home.options());
  EXPECT_TRUE(client->enable().enabled);
  EXPECT_TRUE(client->emit("started", {{"n", 1}})) << "consent given counts from the next event on";
  EXPECT_FALSE(client->disable().enabled);
  EXPECT_FALSE(client->disable().enabled);
  EXPECT_TRUE(home.waiting().empty());
}

TEST(Client, AChoiceThatCannotBeWrittenIsSaidAndStillEmptiesTheSpool) {
  Home home;
  auto client = Client::open(home.options());
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  home.write_identity("not JSON");
  const Status status = client->disable();
  EXPECT_FALSE(status.enabled);
  EXPECT_NE(status.problem.find("telemetry.json"), std::string::npos) << status.problem;
  EXPECT_TRUE(home.waiting().empty());
  EXPECT_EQ(home.read_identity(), "not JSON");
}

TEST(Client, AnOptOutInTheFileEmptiesWhatAnEarlierRunLeft) {
  Home home;
  ASSERT_TRUE(Client::open(home.options())->emit("started", {{"n", 1}}));
  home.write_identity(R"({"enabled": false})");
  auto client = Client::open(home.options());
  EXPECT_TRUE(home.waiting().empty());
}

TEST(Client, DebugPrintsAndKeepsNothingEvenWhenOptedOut) {
  Home home;
  ::setenv("ACME_TELEMETRY_DEBUG", "1", 1);
  ::setenv("DO_NOT_TRACK", "1", 1);
  ::testing::internal::CaptureStderr();
  {
    auto client = Client::open(home.options());
    EXPECT_TRUE(client->emit("started", {{"n", 1}}));
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(client->emit("started", {{"m", "secret"}}));
  }
  const std::string printed = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(printed.find("{\"distinct_id\":null,\"event\":\"started\""), 0u) << printed;
  const std::string rejected = "candor: started rejected: unknown_field (m)\n";
  EXPECT_NE(printed.find("}\n" + rejected + rejected), std::string::npos) << printed;
  EXPECT_FALSE(std::filesystem::exists(home.identity_file()));
  EXPECT_FALSE(std::filesystem::exists(home.spool()));
}

TEST(Client, AManyThreadedHostLosesNothing) {
  Home home;
  auto client = Client::open(home.options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) ASSERT_TRUE(client->emit("started", {{"n", i}}));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(home.waiting().size(), 8000u);
}

TEST(Client, AForkedChildGoesOn) {
  Home home;
  auto client = Client::open(home.options());
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  const pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < 10; ++i) client->emit("started", {{"n", 100 + i}});
    client.reset();
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_TRUE(client->emit("started", {{"n", 2}}));
  std::set<std::string> ids;
  for (const auto& event : home.waiting()) ids.insert(nlohmann::json::parse(event)["uuid"]);
  EXPECT_EQ(ids.size(), 12u);
}

TEST(Client, EmitAfterCloseIsDisabled) {
  Home home;
  auto client = Client::open(home.options());
  client->close();
  client->close();
  EXPECT_EQ(client->emit("started", {{"n", 1}}).result, Result::disabled);
  EXPECT_FALSE(client->flush(std::chrono::milliseconds(1)));
}

TEST(Client, ABrokenCatalogDisablesAndSaysWhere) {
  Home home;
  Options options = home.options();
  options.catalog_text = "{\n  \"catalog\" 5\n}";
  auto client = Client::open(options);
  EXPECT_EQ(client->emit("started").result, Result::disabled);
  EXPECT_NE(client->status().problem.find(":2:"), std::string::npos) << client->status().problem;
  options.catalog_text.clear();
  options.catalog = "/no/such/catalog.jsonc";
  EXPECT_NE(Client::open(options)->status().problem.find("/no/such/catalog.jsonc"),
            std::string::npos);
}

TEST(Client, WithoutAHomeItIsOff) {
  Home home;
  Options options = home.options();
  options.home = "~/x";
  const std::string saved = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  ::unsetenv("HOME");
  auto client = Client::open(options);
  EXPECT_EQ(client->emit("started", {{"n", 1}}).result, Result::disabled);
  EXPECT_EQ(client->status().rule, "no_home");
  ::setenv("HOME", saved.c_str(), 1);
}

TEST(Client, CaptureUsesNeitherHomeNorConsent) {
  Home home;
  ::setenv("DO_NOT_TRACK", "1", 1);
  std::vector<std::string> seen;
  Options options = home.options();
  options.capture = [&](std::string_view event) { seen.emplace_back(event); };
  auto client = Client::open(options);
  EXPECT_TRUE(client->emit("started", {{"n", 1}}));
  EXPECT_EQ(client->emit("started", {{"n", "x"}}).code, Code::wrong_type);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(client->status().rule, "captured");
  EXPECT_EQ(client->stats().total.captured(), 0u);
  EXPECT_FALSE(std::filesystem::exists(home.identity_file()));
}

TEST(Client, TheFirstRunIsOneOfMany) {
  Home home;
  constexpr int kProcesses = 16;
  int firsts = 0;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto client = Client::open(home.options());
      ::_exit(client->first_run() ? 1 : 0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    firsts += WEXITSTATUS(status);
  }
  EXPECT_EQ(firsts, 1);
}

}  // namespace
}  // namespace candor
