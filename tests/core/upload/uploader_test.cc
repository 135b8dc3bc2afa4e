// The uploader's loop over a real spool, with a scripted server.
#include "upload/uploader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "candor/outcome.h"
#include "event/record.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "spool/spool.h"
#include "upload/state.h"

namespace candor::upload {
namespace {

namespace fs = std::filesystem;
using transport::Failure;
using transport::Request;
using transport::Response;
using End = RunResult::End;
using Names = std::vector<std::string>;

struct Sent_request {
  std::string url, body;
  std::map<std::string, std::string> headers;
  std::uint32_t timeout_ms = 0;
  // The `n` property of each event, which says which it is.
  [[nodiscard]] Names events() const {
    const auto json = nlohmann::json::parse(body);
    Names names;
    for (const auto& event : json["batch"]) names.push_back(event["properties"]["n"]);
    return names;
  }
};

// What the server says to a request; by default, yes.
using Reply = std::function<Response(const Sent_request&)>;
Response status(int code) { return {.status = code}; }
Response failure(Failure kind) { return {.failure = kind, .error = "127.0.0.1: broken"}; }
Reply always(Response response) {
  return [response](const Sent_request&) { return response; };
}

class Script final : public transport::Transport {
 public:
  Response send(const Request& request) override {
    Sent_request sent{.url = request.url,
                      .body = std::string(request.body),
                      .headers = {},
                      .timeout_ms = request.timeout_ms};
    for (const auto& [name, value] : request.headers) sent.headers[name] = value;
    requests.push_back(sent);
    if (cancelled) return failure(Failure::cancelled);
    if (!replies.empty()) {
      const Reply reply = replies.front();
      replies.pop_front();
      return reply(sent);
    }
    return otherwise(sent);
  }
  void cancel() noexcept override { cancelled = true; }

  std::deque<Reply> replies;
  Reply otherwise = always(status(200));
  std::vector<Sent_request> requests;
  bool cancelled = false;
};

class UploaderTest : public testing::Test {
 protected:
  UploaderTest() {
    std::string name = (fs::temp_directory_path() / "candor-uploader-XXXXXX").string();
    dir = mkdtemp(name.data());
    job.spool_dir = dir + "/spool";
    job.consent.product = "Acme";
    job.consent.identity_file = dir + "/telemetry.json";
    job.sinks = {{.host = "https://h/", .project_key = "k"}};
    job.compression = "none";
    say(R"({"enabled": true})");
  }
  ~UploaderTest() override { fs::remove_all(dir); }

  void say(const std::string& identity) { std::ofstream(job.consent.identity_file) << identity; }

  void emit(std::size_t count, std::string_view padding = "") {
    spool::Writer writer(job.spool_dir, {"ran"}, {});
    for (std::size_t i = 0; i < count; ++i)
      emit_one(writer, std::to_string(emitted++), uuid_text(), padding);
  }
  static std::string uuid_text() {
    const UuidText uuid = uuid7(candor::unix_ms());
    return {uuid.data(), uuid.size()};
  }
  static void emit_one(spool::Writer& writer, const std::string& n, const std::string& uuid,
                       std::string_view padding = "") {
    std::string payload;
    event::append_record_header(payload, "me", "");
    payload += R"({"event":"ran","uuid":")" + uuid +
               R"(","timestamp":"2026-01-02T03:04:05.678Z","properties":{"n":")" + n +
               R"(","padding":")" + std::string(padding) + R"("}})";
    ASSERT_EQ(writer.append(0, payload), spool::kPending);
  }

  std::unique_ptr<Uploader> make() {
    auto owned = std::make_unique<Script>();
    server = owned.get();
    Parts parts;
    parts.sink = sink::make(job.sinks.front());
    parts.transport = std::move(owned);
    parts.unix_ms = [this] { return now; };
    parts.random = [] { return 0; };
    parts.sleep = [this](std::int64_t ms) {
      slept += ms;
      now += ms;
    };
    return std::make_unique<Uploader>(job, std::move(parts));
  }
  RunResult run(Uploader& uploader, bool asked = true) {
    return uploader.run({.deadline_ms = steady_ms() + 3'600'000, .asked = asked});
  }
  std::uint64_t counted(spool::Counter counter) const {
    const spool::Tally tally = spool::tally(job.spool_dir);
    const auto label = tally.labels.find("ran");
    return label == tally.labels.end() ? 0 : label->second[counter];
  }
  std::uint64_t counted(Reason reason) const { return counted(spool::counter_of(reason)); }
  void expect_balance() const {
    std::uint64_t all = 0;
    for (spool::Counter i = 0; i < spool::kCountersMax; ++i) all += counted(i);
    EXPECT_EQ(all, emitted);
  }
  static Names numbers(std::size_t from, std::size_t to) {
    Names names;
    for (; from < to; ++from) names.push_back(std::to_string(from));
    return names;
  }

  std::string dir;
  Job job;
  Script* server = nullptr;
  std::int64_t now = 1'800'000'000'000, slept = 0;
  std::uint64_t emitted = 0;
};

TEST_F(UploaderTest, SendsInOrderAndInBatches) {
  job.batch_events_max = 4;
  emit(10);
  const auto uploader = make();
  const RunResult result = run(*uploader);
  EXPECT_EQ(result.end, End::drained);
  EXPECT_EQ(result.delivered, 10u);
  ASSERT_EQ(server->requests.size(), 3u);
  EXPECT_EQ(server->requests[0].events(), numbers(0, 4));
  EXPECT_EQ(server->requests[2].events(), numbers(8, 10));
  EXPECT_EQ(server->requests[0].url, "https://h/batch/");
  EXPECT_EQ(counted(spool::kDelivered), 10u);
  expect_balance();
}

TEST_F(UploaderTest, AnEmptySpoolSendsNothing) {
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_TRUE(server->requests.empty());
  EXPECT_FALSE(fs::exists(job.spool_dir + "/" + kStateFile));
}

TEST_F(UploaderTest, BoundsABatchByBytes) {
  job.batch_bytes_max = 3000;
  emit(5, std::string(1000, 'p'));
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(server->requests.size(), 3u);
}

TEST_F(UploaderTest, RetriesTheSameBatchThenGivesUp) {
  emit(3);
  const auto uploader = make();
  server->otherwise = [&](const Sent_request&) {
    emit(1);  // what comes meanwhile does not change the batch
    return status(503);
  };
  EXPECT_EQ(run(*uploader).end, End::backing_off);
  ASSERT_EQ(server->requests.size(), 4u);
  const auto sent = nlohmann::json::parse(server->requests[0].body)["batch"];
  for (const Sent_request& request : server->requests) {
    EXPECT_EQ(nlohmann::json::parse(request.body)["batch"], sent);
  }
  EXPECT_EQ(counted(spool::kPending), 7u);

  server->otherwise = always(status(200));
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(server->requests.back().events(), numbers(0, 7));
  expect_balance();
}

TEST_F(UploaderTest, KeepsItsBackOffAcrossRestarts) {
  emit(1);
  {
    const auto uploader = make();
    server->replies = {
        [](const Sent_request&) { return Response{.status = 429, .retry_after = "3600"}; }};
    job.max_retries = 0;
    const RunResult result = uploader->run({.deadline_ms = steady_ms() + 1000, .asked = true});
    EXPECT_EQ(result.end, End::backing_off);
    EXPECT_EQ(result.retry_at_ms, now + 3'600'000);
  }
  const auto next = make();
  EXPECT_EQ(next->run({.deadline_ms = steady_ms() + 1000, .asked = true}).end, End::backing_off);
  EXPECT_TRUE(server->requests.empty());
  now += 3'600'000;
  EXPECT_EQ(next->run({.deadline_ms = steady_ms() + 1000, .asked = true}).end, End::drained);
  EXPECT_EQ(slept, 0);
}

TEST_F(UploaderTest, WaitsWithinARunWhenItHasTheTime) {
  emit(1);
  const auto uploader = make();
  server->replies = {
      [](const Sent_request&) { return Response{.status = 503, .retry_after = "5"}; }};
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(slept, 5000);
}

TEST_F(UploaderTest, V1KeepsTheRequestIdAndResendsWhatIsMarked) {
  job.sinks.front().protocol = "v1";
  emit(3);
  const auto uploader = make();
  server->replies = {[](const Sent_request& request) {
                       nlohmann::json body;
                       const auto batch = nlohmann::json::parse(request.body)["batch"];
                       body["results"][batch[1]["uuid"].get<std::string>()]["result"] = "retry";
                       body["results"][batch[2]["uuid"].get<std::string>()]["result"] = "drop";
                       return Response{.status = 200, .body = body.dump()};
                     },
                     always(status(503))};
  EXPECT_EQ(run(*uploader).end, End::drained);
  ASSERT_EQ(server->requests.size(), 3u);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(server->requests[i].headers["PostHog-Attempt"], std::to_string(i + 1));
    ids.insert(server->requests[i].headers["PostHog-Request-Id"]);
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(server->requests[1].events(), (Names{"1"}));
  EXPECT_EQ(server->requests[2].events(), (Names{"1"}));
  EXPECT_EQ(counted(spool::kDelivered), 2u);
  EXPECT_EQ(counted(Reason::refused), 1u);
  std::ifstream refused(job.spool_dir + "/refused.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(refused, line));
  EXPECT_EQ(nlohmann::json::parse(line)["properties"]["n"], "2");
  EXPECT_FALSE(std::getline(refused, line));
  expect_balance();

  emit(1);
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_FALSE(ids.contains(server->requests.back().headers["PostHog-Request-Id"]));
  EXPECT_EQ(server->requests.back().headers["PostHog-Attempt"], "1");
}

TEST_F(UploaderTest, A413SplitsAndTheSizeIsRemembered) {
  emit(64, std::string(100, 'p'));
  const auto picky = [](const Sent_request& request) {
    return status(request.body.size() > 8000 ? 413 : 200);
  };
  auto uploader = make();
  server->otherwise = picky;
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(counted(spool::kDelivered), 64u);

  emit(64, std::string(100, 'p'));
  uploader = make();
  server->otherwise = picky;
  EXPECT_EQ(run(*uploader).end, End::drained);
  for (const Sent_request& request : server->requests) EXPECT_LE(request.body.size(), 8000u);
  expect_balance();
}

TEST_F(UploaderTest, ASingleEventThatIsTooLargeIsGivenUp) {
  emit(3);
  emit(1, std::string(20'000, 'p'));
  emit(3);
  const auto uploader = make();
  server->otherwise = [](const Sent_request& request) {
    return status(request.body.size() > 8000 ? 413 : 200);
  };
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(counted(Reason::oversize), 1u);
  EXPECT_EQ(counted(spool::kDelivered), 6u);
  std::ifstream refused(job.spool_dir + "/refused.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(refused, line));
  EXPECT_GT(line.size(), 20'000u);
  EXPECT_FALSE(std::getline(refused, line));
  expect_balance();
}

TEST_F(UploaderTest, BisectsToThePoisonedEvent) {
  emit(200);
  const auto uploader = make();
  server->otherwise = [](const Sent_request& request) {
    const Names names = request.events();
    return status(std::find(names.begin(), names.end(), "137") != names.end() ? 400 : 200);
  };
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(counted(Reason::refused), 1u);
  EXPECT_EQ(counted(spool::kDelivered), 199u);
  EXPECT_LT(server->requests.size(), 20u);
  std::ifstream refused(job.spool_dir + "/refused.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(refused, line));
  EXPECT_EQ(nlohmann::json::parse(line)["properties"]["n"], "137");
  EXPECT_FALSE(std::getline(refused, line));
  expect_balance();
}

TEST_F(UploaderTest, AWrongKeyPausesAndSaysSo) {
  emit(2);
  const auto uploader = make();
  server->otherwise = always(status(401));
  EXPECT_EQ(run(*uploader, false).end, End::backing_off);
  EXPECT_EQ(server->requests.size(), 1u);
  const State state = read_state(job.spool_dir, fingerprint(job.sinks.front()));
  EXPECT_TRUE(state.paused);
  EXPECT_EQ(state.problem, "the server refuses the project key (HTTP 401)");
  EXPECT_EQ(counted(spool::kPending), 2u);

  now += 1000;
  EXPECT_EQ(uploader->run({.deadline_ms = steady_ms() + 60'000}).end, End::backing_off);
  EXPECT_EQ(server->requests.size(), 1u);

  job.sinks.front().project_key = "mended";
  const auto mended = make();
  EXPECT_EQ(run(*mended, false).end, End::drained);
  EXPECT_EQ(slept, 0);
}

TEST_F(UploaderTest, FailuresOfTheLineAreRetried) {
  for (const Failure kind : {Failure::network, Failure::timeout, Failure::tls}) {
    emit(1);
    const auto uploader = make();
    server->replies = {always(failure(kind))};
    EXPECT_EQ(run(*uploader).end, End::drained);
    EXPECT_EQ(server->requests.size(), 2u);
  }
}

TEST_F(UploaderTest, AnEndpointThatMayNotBeUsedPauses) {
  emit(1);
  const auto uploader = make();
  server->otherwise = always(failure(Failure::forbidden));
  EXPECT_EQ(run(*uploader).end, End::backing_off);
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(counted(spool::kPending), 1u);
}

TEST_F(UploaderTest, ItsOwnDeadlineIsNotTheServersFault) {
  emit(1);
  job.request_timeout_ms = 3'600'000;
  const auto uploader = make();
  server->otherwise = always(failure(Failure::timeout));
  EXPECT_EQ(uploader->run({.deadline_ms = steady_ms() + 60'000}).end, End::out_of_time);
  EXPECT_LE(server->requests.at(0).timeout_ms, 60'000u);
  EXPECT_FALSE(fs::exists(job.spool_dir + "/" + kStateFile));
  EXPECT_EQ(uploader->run({.deadline_ms = 0}).end, End::out_of_time);
  EXPECT_EQ(server->requests.size(), 1u);
}

TEST_F(UploaderTest, ConsentWithdrawnEmptiesTheSpool) {
  emit(5);
  say(R"({"enabled": false})");
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::disabled);
  EXPECT_TRUE(server->requests.empty());
  EXPECT_EQ(counted(Reason::opted_out), 5u);
  expect_balance();
}

TEST_F(UploaderTest, ConsentWithdrawnBetweenRequestsStopsTheNext) {
  job.batch_events_max = 2;
  emit(6);
  const auto uploader = make();
  server->replies = {[&](const Sent_request&) {
    say(R"({"enabled": false})");
    return status(200);
  }};
  EXPECT_EQ(run(*uploader).end, End::disabled);
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(counted(spool::kPending), 0u);
  expect_balance();
}

TEST_F(UploaderTest, WhatIsOffWithoutAWithdrawalIsKept) {
  emit(2);
  say("not understood");
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::disabled);
  EXPECT_TRUE(server->requests.empty());
  EXPECT_EQ(counted(spool::kPending), 2u);
}

TEST_F(UploaderTest, NothingLeavesBeforeTheNotice) {
  emit(2);
  job.consent.notice_version = 1;
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::held);
  EXPECT_TRUE(server->requests.empty());
  say(R"({"enabled": true, "noticeShownVersion": 1, "noticeShownAt": "2026-01-02T03:04:05.678Z"})");
  EXPECT_EQ(run(*uploader).end, End::drained);
}

TEST_F(UploaderTest, NoBatchHoldsAUuidTwice) {
  {
    spool::Writer writer(job.spool_dir, {"ran"}, {});
    const std::string twice = uuid_text();
    for (const auto& [n, uuid] :
         {std::pair{"0", twice}, {"1", uuid_text()}, {"2", twice}, {"3", uuid_text()}}) {
      emit_one(writer, n, uuid);
      ++emitted;
    }
  }
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::drained);
  ASSERT_EQ(server->requests.size(), 2u);
  EXPECT_EQ(server->requests[0].events(), (Names{"0", "1"}));
  EXPECT_EQ(server->requests[1].events(), (Names{"2", "3"}));
}

TEST_F(UploaderTest, ForeignRecordsAreSettledAsCorrupt) {
  {
    spool::Writer writer(job.spool_dir, {"ran"}, {});
    for (const std::string_view foreign : {"", "x", "\x01\x02", "no record of ours at all"}) {
      if (foreign.empty()) continue;
      ASSERT_EQ(writer.append(0, foreign), spool::kPending);
      ++emitted;
    }
  }
  emit(1);
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::drained);
  EXPECT_EQ(counted(Reason::corrupt), 3u);
  EXPECT_EQ(counted(spool::kDelivered), 1u);
  expect_balance();
}

TEST_F(UploaderTest, OneUploaderASpool) {
  emit(1);
  const auto other = spool::Queue::try_open(job.spool_dir);
  ASSERT_TRUE(other);
  const auto uploader = make();
  EXPECT_EQ(run(*uploader).end, End::busy);
  EXPECT_TRUE(server->requests.empty());
}

TEST_F(UploaderTest, CompressesAsTheSinkAccepts) {
  for (const auto& [protocol, asked, used] : {std::tuple{"v0", "gzip", "gzip"},
                                              {"v0", "zstd", "gzip"},
                                              {"v1", "zstd", "zstd"},
                                              {"v0", "none", ""},
                                              {"v1", "br", ""}}) {
    emit(1);
    job.sinks.front().protocol = protocol;
    job.compression = asked;
    const auto uploader = make();
    EXPECT_EQ(run(*uploader).end, End::drained);
    EXPECT_EQ(server->requests.at(0).headers["Content-Encoding"], used) << protocol << asked;
  }
}

TEST_F(UploaderTest, CancelEndsItForGood) {
  emit(3);
  const auto uploader = make();
  server->replies = {[&](const Sent_request&) {
    uploader->cancel();
    return failure(Failure::cancelled);
  }};
  EXPECT_EQ(run(*uploader).end, End::cancelled);
  EXPECT_EQ(run(*uploader).end, End::cancelled);
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(counted(spool::kPending), 3u);
}

TEST_F(UploaderTest, WithoutASinkThereIsNothingToDo) {
  emit(1);
  job.sinks.clear();
  Uploader uploader(job);
  EXPECT_EQ(run(uploader).end, End::drained);
}

}  // namespace
}  // namespace candor::upload
