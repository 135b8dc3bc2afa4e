// The uploader's documents: its job, its state, the events it kept. And compressed bodies.
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "spool/spool.h"
#include "upload/compress.h"
#include "upload/job.h"
#include "upload/refused.h"
#include "upload/state.h"

namespace candor::upload {
namespace {

namespace fs = std::filesystem;

struct Directory {
  Directory() {
    std::string name = (fs::temp_directory_path() / "candor-upload-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path); }
  std::string path;
};

Job job() {
  Job job;
  job.spool_dir = "/tmp/spool";
  job.consent = {.product = "Acme",
                 .env_prefix = "ACME",
                 .mode = ConsentMode::opt_in,
                 .send_in_ci = true,
                 .policy_file = "/etc/p",
                 .identity_file = "/home/x/\xff.json",
                 .notice_version = 3};
  job.sinks = {
      {.host = "https://h", .project_key = "k", .protocol = "v1", .geoip = true, .server = true}};
  job.flush_interval_ms = 7;
  job.max_retries = 0;
  job.request_timeout_ms = 11;
  job.compression = "zstd";
  return job;
}

TEST(Job, SurvivesTheTrip) {
  const std::string text = to_json(job());
  const Expected<Job> back = parse_job(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->consent.mode, ConsentMode::opt_in);
  EXPECT_EQ(back->consent.identity_file, "/home/x/\xEF\xBF\xBD.json");
  EXPECT_EQ(back->sinks.at(0).protocol, "v1");
  EXPECT_TRUE(back->consent.send_in_ci);
  EXPECT_TRUE(back->sinks.at(0).server);
  EXPECT_EQ(back->max_retries, 0u);
}

TEST(Job, RefusesWhatItCanNotUnderstand) {
  for (const char* text :
       {"", "[]", "{", "{}", R"({"spool_dir":"x"})", R"({"spool_dir":"x","consent":{}})",
        R"({"spool_dir":"x","consent":[],"sinks":[]})",
        R"({"spool_dir":"x","consent":{},"sinks":[1]})",
        R"({"spool_dir":7,"consent":{},"sinks":[]})"}) {
    EXPECT_FALSE(parse_job(text)) << text;
  }
}

TEST(Job, MovesNumbersIntoBounds) {
  const auto parsed = parse_job(
      R"({"spool_dir":"x","consent":{"mode":"new"},"sinks":[],"flush_interval_ms":-5,"request_timeout_ms":0,)"
      R"("max_retries":18446744073709551615,"batch_events_max":0,"batch_bytes_max":1e9})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->flush_interval_ms, 1u);
  EXPECT_EQ(parsed->request_timeout_ms, 1u);
  EXPECT_EQ(parsed->max_retries, 1000u);
  EXPECT_EQ(parsed->batch_events_max, 1u);
  EXPECT_EQ(parsed->batch_bytes_max, Job{}.batch_bytes_max);
  EXPECT_EQ(parsed->consent.mode, ConsentMode::off);
}

const State kState{.not_before_ms = 5,
                   .backoff_ms = 6,
                   .failures = 7,
                   .refusals = 8,
                   .split_bytes = 9,
                   .split_ms = 10,
                   .slow_bytes = 11,
                   .paused = true,
                   .problem = "wrong \xff key"};

TEST(StateFile, SurvivesTheTrip) {
  const Directory dir;
  ASSERT_TRUE(write_state(dir.path, "f", kState));
  State expected = kState;
  expected.problem = "wrong \xEF\xBF\xBD key";
  EXPECT_EQ(read_state(dir.path, "f"), expected);
}

TEST(StateFile, AnotherSinkStartsAfresh) {
  const Directory dir;
  sink::Config wrong{.host = "https://h", .project_key = "wrong"},
      right{.host = "https://h", .project_key = "right"};
  ASSERT_NE(fingerprint(wrong), fingerprint(right));
  ASSERT_TRUE(write_state(dir.path, fingerprint(wrong), kState));
  EXPECT_EQ(read_state(dir.path, fingerprint(right)), State{});
}

TEST(StateFile, DamageIsAFreshState) {
  const Directory dir;
  EXPECT_EQ(read_state(dir.path, "f"), State{});
  for (const char* text : {"", "[]", "{", "nonsense", R"({"sink":7})",
                           R"({"sink":"f","failures":"many","paused":1})"}) {
    std::ofstream(dir.path + "/" + kStateFile) << text;
    EXPECT_EQ(read_state(dir.path, "f"), State{}) << text;
  }
}

std::string kept(const Directory& dir) {
  std::ifstream file(dir.path + "/" + spool::kSetAsideFile);
  return {std::istreambuf_iterator<char>(file), {}};
}

void keep(const std::string& dir, const std::vector<std::string>& events) {
  keep_refused(dir, std::vector<std::string_view>(events.begin(), events.end()));
}

TEST(RefusedFile, KeepsTheLastEventsAndForgetsThemAll) {
  const Directory dir;
  keep(dir.path, {"one"});
  keep(dir.path, {"two"});
  EXPECT_EQ(kept(dir), "one\ntwo\n");
  spool::purge(dir.path);
  EXPECT_FALSE(fs::exists(dir.path + "/" + spool::kSetAsideFile));
}

TEST(RefusedFile, IsBoundedOnBothSidesOfTheLimit) {
  const Directory dir;
  const std::string half(kRefusedBytesMax / 2 - 1, 'h');
  keep(dir.path, {half});
  keep(dir.path, {half});
  EXPECT_EQ(kept(dir), half + "\n" + half + "\n");
  keep(dir.path, {"x"});
  EXPECT_EQ(kept(dir), half + "\nx\n");
  const std::string whole(kRefusedBytesMax - 1, 'w');
  keep(dir.path, {whole});
  EXPECT_EQ(kept(dir), whole + "\n");
  keep(dir.path, {whole + "w"});
  EXPECT_EQ(kept(dir), whole + "\n");
}

std::string some_json() {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += R"({"event":"built","durationMs":)" + std::to_string(i) + "},";
  return text;
}

TEST(Compressor, GzipReadsBackEachTime) {
  Compressor compressor(Coding::gzip);
  for (const std::string& body : {some_json(), std::string(), std::string("x"), some_json()}) {
    const auto coded = compressor.compress(body);
    ASSERT_TRUE(coded);
    std::string back(body.size() + 1, 0);
    z_stream stream{};
    ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded->data()));
    stream.avail_in = static_cast<uInt>(coded->size());
    stream.next_out = reinterpret_cast<Bytef*>(back.data());
    stream.avail_out = static_cast<uInt>(back.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(back.substr(0, stream.total_out), body);
    inflateEnd(&stream);
  }
  EXPECT_LT(compressor.compress(some_json())->size(), some_json().size() / 4);
}

TEST(Compressor, ZstdReadsBackEachTime) {
  Compressor compressor(Coding::zstd);
  for (const std::string& body : {some_json(), std::string(), some_json()}) {
    const auto coded = compressor.compress(body);
    ASSERT_TRUE(coded);
    std::string back(body.size(), 0);
    EXPECT_EQ(ZSTD_decompress(back.data(), back.size(), coded->data(), coded->size()), body.size());
    EXPECT_EQ(back, body);
  }
}

TEST(Compressor, KnowsItsNames) {
  for (const Coding coding : {Coding::none, Coding::gzip, Coding::zstd})
    EXPECT_EQ(coding_of(name(coding)), coding);
  EXPECT_EQ(coding_of("br"), Coding::none);
  EXPECT_FALSE(Compressor(Coding::none).compress("x"));
}

}  // namespace
}  // namespace candor::upload
