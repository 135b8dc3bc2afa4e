// How fast a full spool is emptied into a server: read, encode, compress, send, settle.
// Fills a spool, then runs one uploader until nothing is pending. Prints JSON.
//
//   candor_bench_drain URL [--events N] [--compression none|gzip|zstd]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "event/record.h"
#include "memory.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "spool/spool.h"
#include "upload/uploader.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kDeadlineMs = 600'000;

// An event of usual size (about 400 bytes), different each time where real ones differ.
std::string record(std::size_t i) {
  const candor::UuidText uuid = candor::uuid7(candor::unix_ms());
  std::string payload;
  candor::event::append_record_header(payload, "0f8fad5b-d9cb-469f-a165-70867728950e", "");
  payload +=
      R"({"event":"scan_completed","uuid":")" + std::string(uuid.data(), uuid.size()) +
      R"(","timestamp":"2026-01-02T03:04:05.)" + std::to_string(100 + i % 900) +
      R"(Z","properties":{"cliVersion":"0.4.0","nodeVersion":"22.12.0","osPlatform":"linux",)"
      R"("osRelease":"6.1.0-28-amd64","arch":"x64","runtime":"node","isCi":false,)"
      R"("driver":"postgres","tableCount":)" +
      std::to_string(i % 100) + R"(,"columnCount":)" + std::to_string(i) +
      R"(,"inferredFkCount":3,"declaredFkCount":4,"durationMs":)" +
      std::to_string(static_cast<double>(candor::random_u64() % 100'000) / 100) +
      R"(,"outcome":"error","errorClass":"TimeoutError"}})";
  return payload;
}

double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::size_t events = 100'000;
  candor::upload::Job job;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--events") events = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--compression") job.compression = argv[i + 1];
  }
  std::string name = (fs::temp_directory_path() / "candor-drain-XXXXXX").string();
  const std::string dir = mkdtemp(name.data());
  job.spool_dir = dir + "/spool";
  job.consent.identity_file = dir + "/telemetry.json";
  std::ofstream(job.consent.identity_file) << R"({"enabled": true})";
  job.sinks = {{.host = argv[1], .project_key = "phc_benchmark"}};
  if (job.compression == "zstd") job.sinks.front().protocol = "v1";
  {
    candor::spool::Writer writer(job.spool_dir, {"scan_completed"},
                                 {.bytes_max = 1ull << 40, .files_max = 1u << 20});
    for (std::size_t i = 0; i < events; ++i) writer.append(0, record(i));
  }

  candor::upload::Uploader uploader(job);
  const double cpu_before = cpu();
  const Clock::time_point start = Clock::now();
  const auto result =
      uploader.run({.deadline_ms = candor::steady_ms() + kDeadlineMs, .asked = true});
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double cpu_seconds = cpu() - cpu_before;
  fs::remove_all(dir);
  std::printf(
      "{\"events\":%zu,\"delivered\":%llu,\"requests\":%u,\"seconds\":%.4f,"
      "\"cpu_seconds\":%.4f,\"memory\":",
      events, static_cast<unsigned long long>(result.delivered), result.requests, seconds,
      cpu_seconds);
  candor::bench::print_memory();
  std::printf("}\n");
  return result.delivered == events ? 0 : 1;
}
