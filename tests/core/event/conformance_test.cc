// Every conformance vector, through the encoder.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "event/encoder.h"
#include "vectors.h"

namespace candor::event {
namespace {

using test::Json;

std::shared_ptr<const catalog::Catalog> load_catalog(const std::string& name) {
  catalog::Loaded loaded = catalog::load(test::conformance_file(name));
  for (const catalog::Problem& problem : loaded.problems) {
    ADD_FAILURE() << name << ":" << problem.line << ": " << problem.text;
  }
  return std::make_shared<const catalog::Catalog>(std::move(loaded.catalog).value());
}

Stamp stamp_of(const Json& vector, const Json& defaults) {
  Stamp stamp;
  stamp.unix_ms = vector.value("timestamp_ms", defaults.at("timestamp_ms").get<std::int64_t>());
  const std::string uuid = vector.value("uuid", defaults.at("uuid").get<std::string>());
  std::copy(uuid.begin(), uuid.end(), stamp.uuid.begin());
  return stamp;
}

void run(const Json& vector, const Json& defaults,
         const std::shared_ptr<const catalog::Catalog>& catalog) {
  SCOPED_TRACE(vector.at("name").get<std::string>());
  const std::string runtime = vector.value("runtime", defaults.at("runtime").get<std::string>());
  test::Sources sources{{"runtime.name", runtime}};
  test::lay_over(sources, defaults.at("sources"));
  test::lay_over(sources, vector.value("sources", Json::object()));
  const Encoder encoder(catalog, runtime,
                        [&sources](std::string_view name) -> std::optional<SourceValue> {
                          const auto found = sources.find(name);
                          if (found == sources.end()) return std::nullopt;
                          return found->second;
                        });

  test::Arena arena;
  Buffer bytes;
  bytes.append("before");
  const Outcome outcome =
      encoder.encode(encoder.find(vector.at("event").get<std::string>()),
                     arena.fields(vector.at("fields")), stamp_of(vector, defaults), bytes);
  const std::string_view written = bytes.view().substr(6);

  const Json& expect = vector.at("expect");
  if (expect.contains("code")) {
    EXPECT_EQ(outcome.result, Result::rejected);
    EXPECT_EQ(name(outcome.code), expect.at("code").get<std::string>());
    EXPECT_EQ(outcome.field, expect.at("field").get<std::string>());
    EXPECT_EQ(written, "") << "a rejected event leaves nothing behind";
    return;
  }
  EXPECT_EQ(outcome.result, Result::accepted) << name(outcome.code) << " " << outcome.field;
  EXPECT_EQ(outcome.field, "");
  if (expect.contains("bytes")) {
    EXPECT_EQ(written, expect.at("bytes").get<std::string>());
  } else {
    EXPECT_EQ(written.size(), expect.at("size").get<std::size_t>());
    EXPECT_EQ(sha256_hex(written), expect.at("sha256").get<std::string>());
  }
}

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, Vectors) {
  const Json file = Json::parse(test::conformance_file(GetParam()));
  const auto catalog = load_catalog(file.at("catalog"));
  for (const Json& vector : file.at("vectors")) run(vector, file.at("defaults"), catalog);
}

std::vector<std::string> files_of_events() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(CANDOR_SOURCE_DIR "/tests/conformance")) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() == ".json" && !name.starts_with("redact")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Conformance, testing::ValuesIn(files_of_events()),
                         [](const auto& file) {
                           return file.param.substr(0, file.param.find('.'));
                         });

TEST(ConformanceVectors, MeetEveryCodeTheEncoderHas) {
  std::set<std::string> met;
  std::size_t count = 0;
  for (const std::string& name : files_of_events()) {
    const Json file = Json::parse(test::conformance_file(name));
    for (const Json& vector : file.at("vectors")) {
      met.insert(vector.at("expect").value("code", "none"));
      ++count;
    }
  }
  for (int code = 1; code <= static_cast<int>(Code::too_large); ++code) {
    const std::string_view wanted = name(static_cast<Code>(code));
    EXPECT_TRUE(wanted == "unknown" || met.contains(std::string(wanted))) << wanted;
  }
  EXPECT_GE(count, 150u);
}

}  // namespace
}  // namespace candor::event
