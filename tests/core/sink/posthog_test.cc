// The exact bytes of PostHog's two protocols, and what their answers mean.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "candor/version.h"
#include "sink/sink.h"

namespace candor::sink {
namespace {

const std::string kBytes =
    R"({"event":"built","uuid":"01890000-0000-7000-8000-000000000001",)"
    R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{"outcome":"ok","n":{}}})";
const std::string kEmpty = R"({"event":"ran","uuid":"01890000-0000-7000-8000-000000000002",)"
                           R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{}})";
const std::string kProject(64, 'a');
const Attempt kFirst{.number = 1, .request_id = {}, .unix_ms = 1767323045678};

Config config(const char* protocol) {
  return {.host = "https://eu.example", .project_key = "phc_k\"ey", .protocol = protocol};
}

std::string version() { return kVersion; }

TEST(PostHogV0, WritesTheBodyByteForByte) {
  const event::Record events[] = {
      {"me", "", kBytes}, {"me", kProject, kEmpty}, {"y\"ou", "", kEmpty}};
  const Encoded encoded = make_posthog(config("v0"))->encode(events, kFirst);
  const std::string extra =
      R"("$lib":"candor","$lib_version":")" + version() +
      R"(","$is_server":false,"$geoip_disable":true,"$process_person_profile":false)";
  EXPECT_EQ(encoded.path, "/batch/");
  EXPECT_EQ(
      encoded.body,
      R"({"api_key":"phc_k\"ey","sent_at":"2026-01-02T03:04:05.678Z","batch":[)"
      R"({"distinct_id":"me","event":"built","uuid":"01890000-0000-7000-8000-000000000001",)"
      R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{"outcome":"ok","n":{},)" +
          extra +
          "}},"
          R"({"distinct_id":"me","event":"ran","uuid":"01890000-0000-7000-8000-000000000002",)"
          R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{)" +
          extra + R"(,"$groups":{"project":")" + kProject +
          R"("}}},)"
          R"({"distinct_id":"y\"ou","event":"ran","uuid":"01890000-0000-7000-8000-000000000002",)"
          R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{)" +
          extra + "}}]}");
  EXPECT_EQ(encoded.headers, (decltype(encoded.headers){{"Content-Type", "application/json"}}));
}

TEST(PostHogV0, GeoipAndPersonProfilesAreTheCatalogsChoice) {
  Config open = config("v0");
  open.geoip = open.person_profiles = true;
  const event::Record events[] = {{"me", "", kEmpty}};
  const auto body = nlohmann::json::parse(make_posthog(open)->encode(events, kFirst).body);
  const auto& properties = body["batch"][0]["properties"];
  EXPECT_FALSE(properties.contains("$geoip_disable"));
  EXPECT_FALSE(properties.contains("$process_person_profile"));
  EXPECT_EQ(properties["$is_server"], false);
}

TEST(PostHog, AServersEventsSaySo) {
  const event::Record events[] = {{"me", "", kEmpty}};
  for (const char* protocol : {"v0", "v1"}) {
    Config server = config(protocol);
    server.server = true;
    const auto body = nlohmann::json::parse(make_posthog(server)->encode(events, kFirst).body);
    EXPECT_EQ(body["batch"][0]["properties"]["$is_server"], true) << protocol;
  }
}

TEST(PostHogV1, HasItsHeadersAndOptions) {
  const event::Record events[] = {{"me", kProject, kBytes}};
  const Attempt third{.number = 3, .request_id = "an-id", .unix_ms = kFirst.unix_ms};
  Config v1 = config("v1");
  v1.project_key = "phc_key";
  const Encoded encoded = make_posthog(v1)->encode(events, third);
  EXPECT_EQ(encoded.path, "/i/v1/analytics/events");
  EXPECT_EQ(encoded.headers, (decltype(encoded.headers){
                                 {"Content-Type", "application/json"},
                                 {"Authorization", "Bearer phc_key"},
                                 {"PostHog-Sdk-Info", "candor/" + version()},
                                 {"PostHog-Attempt", "3"},
                                 {"PostHog-Request-Id", "an-id"},
                                 {"PostHog-Request-Timestamp", "2026-01-02T03:04:05.678Z"},
                             }));
  EXPECT_EQ(encoded.body,
            R"({"created_at":"2026-01-02T03:04:05.678Z","batch":[)"
            R"({"distinct_id":"me","event":"built","uuid":"01890000-0000-7000-8000-000000000001",)"
            R"("timestamp":"2026-01-02T03:04:05.678Z","properties":{"outcome":"ok","n":{},)"
            R"("$is_server":false,"$geoip_disable":true,"$groups":{"project":")" +
                kProject + R"("}},"options":{"process_person_profile":false}}]})");

  v1.person_profiles = true;
  EXPECT_TRUE(make_posthog(v1)->encode(events, third).body.ends_with(R"(}},"options":{}}]})"));
}

TEST(PostHog, AcceptsTheCodingsOfItsProtocol) {
  EXPECT_TRUE(make_posthog(config("v0"))->accepts("gzip"));
  EXPECT_FALSE(make_posthog(config("v0"))->accepts("zstd"));
  EXPECT_TRUE(make_posthog(config("v1"))->accepts("zstd"));
  EXPECT_FALSE(make_posthog(config("v1"))->accepts("br"));
}

TEST(PostHog, EveryStatusHasAMeaning) {
  using Kind = Answer::Kind;
  struct Row {
    int first, last;
    Kind v0, v1;
  };
  const Row rows[] = {
      {100, 199, Kind::retry, Kind::retry},         {200, 299, Kind::settled, Kind::settled},
      {300, 399, Kind::paused, Kind::paused},  // redirects are not followed
      {400, 400, Kind::bad_batch, Kind::bad_batch}, {401, 407, Kind::paused, Kind::paused},
      {408, 408, Kind::retry, Kind::retry},         {409, 412, Kind::paused, Kind::paused},
      {413, 413, Kind::too_large, Kind::too_large}, {414, 421, Kind::paused, Kind::paused},
      {422, 422, Kind::bad_batch, Kind::bad_batch}, {423, 428, Kind::paused, Kind::paused},
      {429, 429, Kind::retry, Kind::paused},        {430, 499, Kind::paused, Kind::paused},
      {500, 500, Kind::retry, Kind::retry},         {501, 501, Kind::retry, Kind::paused},
      {502, 504, Kind::retry, Kind::retry},         {505, 599, Kind::retry, Kind::paused},
  };
  const event::Record events[] = {{"me", "", kBytes}};
  const auto v0 = make_posthog(config("v0")), v1 = make_posthog(config("v1"));
  int next = 100;
  for (const Row& row : rows) {
    ASSERT_EQ(row.first, next) << "the table has a gap";
    next = row.last + 1;
    for (int status = row.first; status <= row.last; ++status) {
      EXPECT_EQ(v0->classify(status, "", events).kind, row.v0) << status;
      EXPECT_EQ(v1->classify(status, "", events).kind, row.v1) << status;
    }
  }
  ASSERT_EQ(next, 600);
}

TEST(PostHogV1, JudgesEachEventByItsResult) {
  const char* const results[] = {"ok", "warning", "drop", "limited", "retry", "news"};
  using enum Verdict;
  const std::vector<Verdict> expected = {delivered, delivered, refused,   refused,
                                         retry,     delivered, delivered, delivered};
  std::vector<std::string> bytes;
  nlohmann::json body;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string uuid = "01890000-0000-7000-8000-00000000000" + std::to_string(i);
    bytes.push_back(R"({"event":"e","uuid":")" + uuid + R"(","timestamp":"t","properties":{}})");
    if (i < std::size(results)) body["results"][uuid]["result"] = results[i];
    if (i == 6) body["results"][uuid] = 7;  // malformed; the last is absent
  }
  std::vector<event::Record> events;
  for (const std::string& each : bytes) events.push_back({"me", "", each});
  const Answer answer = make_posthog(config("v1"))->classify(200, body.dump(), events);
  EXPECT_EQ(answer.kind, Answer::Kind::settled);
  EXPECT_EQ(answer.events, expected);
}

TEST(PostHogV1, ASuccessThatMakesNoSenseIsStillOne) {
  const event::Record events[] = {{"me", "", kBytes}, {"me", "", kEmpty}};
  const std::string deep = std::string(200'000, '[');
  for (const std::string_view body : {"", "ok", "[]", "null", "{", R"({"results":[]})",
                                      R"({"results":{"x":1}})", "\xff\xfe", deep.c_str()}) {
    const Answer answer = make_posthog(config("v1"))->classify(200, body, events);
    EXPECT_EQ(answer.kind, Answer::Kind::settled);
    EXPECT_EQ(answer.events, (std::vector<Verdict>(2, Verdict::delivered)));
  }
}

TEST(PostHog, NeverRepeatsTheServersText) {
  const event::Record events[] = {{"me", "", kBytes}};
  for (const char* protocol : {"v0", "v1"}) {
    for (int status = 100; status < 600; ++status) {
      const Answer answer = make_posthog(config(protocol))->classify(status, "s3cret", events);
      EXPECT_EQ(answer.explanation.find("s3cret"), std::string::npos);
    }
  }
}

TEST(Sink, ReadsTheUuid) {
  EXPECT_EQ(uuid_of({"me", "", kBytes}), "01890000-0000-7000-8000-000000000001");
  EXPECT_EQ(uuid_of({"me", "", R"({"event":"a","uuid":"short"}})"}), "");
  EXPECT_EQ(uuid_of({"me", "", "{}}"}), "");
}

TEST(Sink, IsMadeByType) {
  EXPECT_NE(make(config("v0")), nullptr);
  EXPECT_EQ(make({.type = "carrier-pigeon"}), nullptr);
}

}  // namespace
}  // namespace candor::sink
