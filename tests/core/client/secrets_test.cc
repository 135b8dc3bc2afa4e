// The secrets that a host gives when it opens a client, and who its events are about.
#include <gtest/gtest.h>

#include "client/setup.h"
#include "client/support.h"

namespace candor {
namespace {

using test::Home;

constexpr std::string_view kSecret = "s3cret-of-the-host";

Options diagnosing(const Home& home) {
  Options options = home.options();
  const std::string note = R"("note": { "type": "string", )";
  options.catalog_text.replace(options.catalog_text.find(note), note.size(),
                               note + R"("class": "diagnostic", )");
  return options;
}

TEST(Secrets, AreTakenOutOfDiagnosticTextAndStandNowhereElse) {
  Home home;
  std::vector<std::string> lines;
  Options options = diagnosing(home);
  options.log = [&](std::string_view line) { lines.emplace_back(line); };
  options.secrets = {std::string(kSecret), "short1", std::string(5000, 'x')};
  options.delivery = Delivery::manual;
  auto client = Client::open(options);
  ASSERT_TRUE(client->emit("started", {{"n", 1}, {"note", "a s3cret-of-the-host b"}}));
  ASSERT_TRUE(client->emit("started", {{"n", 2}, {"note", "s3cret%2Dof%2dthe-host short1"}}));
  const auto waiting = home.waiting();
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_NE(waiting[0].find(R"("note":"a [redacted] b")"), std::string::npos) << waiting[0];
  EXPECT_NE(waiting[1].find(R"("note":"[redacted] short1")"), std::string::npos) << waiting[1];

  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0],
            "candor: secret 2 of 3 is not taken out of diagnostic text: it has fewer than 8 bytes");
  EXPECT_EQ(
      lines[1],
      "candor: secret 3 of 3 is not taken out of diagnostic text: it has more than 4096 bytes");
  client->close();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home.spool())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes.find(kSecret), std::string::npos) << entry.path();
  }
}

TEST(Secrets, AreNoPartOfTheUploadersJob) {
  Home home;
  Options options = home.options();
  options.secrets = {std::string(kSecret)};
  const auto loaded = catalog::load(options.catalog_text);
  ASSERT_TRUE(loaded.catalog);
  const auto places = client::places(*loaded.catalog, options, environment_of({}));
  const std::string job = client::job(*loaded.catalog, options, places,
                                      client::terms(*loaded.catalog, options, places));
  EXPECT_NE(job.find("phc_test"), std::string::npos);
  EXPECT_EQ(job.find(kSecret), std::string::npos);
}

TEST(Secrets, AVariableOfTheProductsOwnIsOne) {
  Home home;
  auto client = Client::open(diagnosing(home));
  std::string bytes;
  ASSERT_TRUE(client->encode(
      "started", std::vector<Field>{{"n", 1}, {"note", "ACME_LICENSE=abc-1 OTHER_A=b"}}, bytes));
  EXPECT_NE(bytes.find("ACME_LICENSE=[redacted] OTHER_A=b"), std::string::npos) << bytes;
}

TEST(Sender, IsCapturedWithTheEvent) {
  Home home;
  Options options = home.options();
  std::vector<std::string> senders, projects;
  options.project_dir = "/tmp";
  options.capture_sender = [&](std::string_view event, std::string_view sender,
                               std::string_view project) {
    EXPECT_EQ(event.find("{\"event\":\"started\""), 0u);
    senders.emplace_back(sender);
    projects.emplace_back(project);
  };
  auto client = Client::open(options);
  EXPECT_TRUE(client->status().enabled);
  ASSERT_TRUE(client->emit("started", {{"n", 1}}));
  ASSERT_TRUE(client->emit("started", {{"n", 1}}, {.distinct_id = "somebody"}));
  EXPECT_EQ(senders, (std::vector<std::string>{"", "somebody"}));
  ASSERT_EQ(projects.size(), 2u);
  EXPECT_EQ(projects[0].size(), 64u);
  EXPECT_FALSE(std::filesystem::exists(home.identity_file()));
}

TEST(Sender, IsPrintedInDebug) {
  Home home;
  static_cast<void>(Client::open(home.options()));  // mints the install id
  const std::string install_id = Client::open(home.options())->status().install_id;
  ::setenv("ACME_TELEMETRY_DEBUG", "1", 1);
  ::testing::internal::CaptureStderr();
  {
    Options options = home.options();
    options.project_dir = "/tmp";
    auto client = Client::open(options);
    EXPECT_TRUE(client->emit("started", {{"n", 1}}));
    EXPECT_TRUE(client->emit("started", {{"n", 1}}, {.distinct_id = "somebody"}));
  }
  const std::string printed = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(printed.find("{\"distinct_id\":\"" + install_id + "\",\"project\":\""), 0u) << printed;
  EXPECT_NE(printed.find("\n{\"distinct_id\":\"somebody\",\"project\":\""), std::string::npos);
}

}  // namespace
}  // namespace candor
