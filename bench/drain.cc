// How fast a full spool is emptied into a server on loopback, compressed: read, encode,
// compress, send, settle. The server reads and says yes, on a thread of its own.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "event/record.h"
#include "spool/spool.h"
#include "upload/uploader.h"

namespace {

namespace fs = std::filesystem;

class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 4);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) serve(fd);
    });
  }
  ~Server() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  static void serve(int fd) {
    std::vector<char> bytes(1u << 20);
    std::string head;
    std::size_t left = 0;  // of the body
    for (ssize_t n; (n = recv(fd, bytes.data(), bytes.size(), 0)) > 0;) {
      auto got = static_cast<std::size_t>(n);
      if (left == 0) {
        head.append(bytes.data(), got);
        const std::size_t end = head.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        left = std::strtoull(head.c_str() + head.find("Content-Length: ") + 16, nullptr, 10);
        got = head.size() - end - 4;
        head.clear();
      }
      left -= std::min(left, got);
      constexpr std::string_view kYes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      if (left == 0 && send(fd, kYes.data(), kYes.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  int listener_;
  std::string url_;
  std::thread thread_;
};

// An event of usual size (about 350 bytes), different each time where real ones differ.
std::string record(std::size_t i) {
  const candor::UuidText uuid = candor::uuid7(candor::unix_ms());
  std::string payload;
  candor::event::append_record_header(payload, "0f8fad5b-d9cb-469f-a165-70867728950e", "");
  payload +=
      R"({"event":"sl_plan_completed","uuid":")" + std::string(uuid.data(), uuid.size()) +
      R"(","timestamp":"2026-01-02T03:04:05.)" + std::to_string(100 + i % 900) +
      R"(Z","properties":{"cliVersion":"0.4.0","nodeVersion":"22.12.0","osPlatform":"linux",)"
      R"("osRelease":"6.1.0-28-amd64","arch":"x64","runtime":"daemon-py","isCi":false,)"
      R"("outcome":"ok","stage":"compile","durationMs":)" +
      std::to_string(static_cast<double>(candor::random_u64() % 100'000) / 100) +
      R"(,"sourceCount":)" + std::to_string(i % 17) + R"(,"joinCount":)" + std::to_string(i % 5) +
      "}}";
  return payload;
}

void drain(benchmark::State& state, const char* compression) {
  constexpr std::size_t kEvents = 100'000;
  const Server server;
  std::string name = (fs::temp_directory_path() / "candor-drain-XXXXXX").string();
  const std::string dir = mkdtemp(name.data());
  candor::upload::Job job;
  job.spool_dir = dir + "/spool";
  job.consent.identity_file = dir + "/telemetry.json";
  std::ofstream(job.consent.identity_file) << R"({"enabled": true})";
  job.sinks = {{.host = server.url(), .project_key = "phc_benchmark"}};
  job.compression = compression;
  if (job.compression == "zstd") job.sinks.front().protocol = "v1";
  std::size_t requests = 0;
  for (auto _ : state) {
    state.PauseTiming();
    {
      candor::spool::Writer writer(job.spool_dir, {"sl_plan_completed"}, {.bytes_max = 256u << 20});
      for (std::size_t i = 0; i < kEvents; ++i) writer.append(0, record(i));
    }
    candor::upload::Uploader uploader(job);
    state.ResumeTiming();
    const auto result = uploader.run({.deadline_ms = candor::steady_ms() + 60'000, .asked = true});
    if (result.delivered != kEvents) state.SkipWithError("not all was delivered");
    requests += result.requests;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kEvents) * state.iterations());
  state.counters["requests"] =
      static_cast<double>(requests) / static_cast<double>(state.iterations());
  fs::remove_all(dir);
}

BENCHMARK_CAPTURE(drain, none, "none")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(drain, gzip, "gzip")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(drain, zstd, "zstd")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

