// How long one emit takes in the caller's thread, into the durable spool: 8 fields of the ktx
// catalog, each call timed by itself.
//
//   emit [--threads N] [--events N] [--json]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "candor/client.h"

namespace {

using Clock = std::chrono::steady_clock;

double now_ns() { return std::chrono::duration<double, std::nano>(Clock::now().time_since_epoch()).count(); }

double percentile(const std::vector<double>& sorted, double p) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(p * static_cast<double>(sorted.size())))];
}

candor::Outcome emit(candor::Client& client, int i) {
  return client.emit("scan_completed", {{"driver", "postgres"},
                                        {"tableCount", i % 100},
                                        {"columnCount", i},
                                        {"inferredFkCount", 3},
                                        {"declaredFkCount", 4},
                                        {"durationMs", 12.5 + i % 7},
                                        {"outcome", "error"},
                                        {"errorClass", "TimeoutError"}});
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  int events = 100'000;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) threads = std::atoi(argv[++i]);
    else if (std::strcmp(argv[i], "--events") == 0 && i + 1 < argc) events = std::atoi(argv[++i]);
    else if (std::strcmp(argv[i], "--json") == 0) json = true;
    else return std::fprintf(stderr, "usage: emit [--threads N] [--events N] [--json]\n"), 2;
  }
  char home[] = "/tmp/candor-bench-XXXXXX";
  if (::mkdtemp(home) == nullptr) return 1;
  candor::Options options;
  options.catalog = CANDOR_SOURCE_DIR "/schema/ktx.telemetry.jsonc";
  options.product_version = "1.2.3";
  options.sources = {{"host.nodeVersion", std::string("22.1.0")}};
  options.home = home;
  options.policy_file = "";
  options.delivery = candor::Delivery::manual;
  options.spool_bytes_max = 1ull << 40;
  options.spool_files_max = 1u << 20;
  auto client = candor::Client::open(options);
  for (int i = 0; i < 1000; ++i) {
    const candor::Outcome outcome = emit(*client, i);
    if (!outcome) {
      std::fprintf(stderr, "emit: %s %s %s %s\n", std::string(name(outcome.result)).c_str(),
                   std::string(name(outcome.code)).c_str(), outcome.field.c_str(),
                   client->status().explanation.c_str());
      return 1;
    }
  }

  std::vector<std::vector<double>> times(static_cast<std::size_t>(threads));
  std::vector<std::thread> workers;
  int lost = 0;
  for (auto& mine : times) {
    workers.emplace_back([&client, &mine, &lost, events] {
      mine.reserve(static_cast<std::size_t>(events));
      for (int i = 0; i < events; ++i) {
        const double before = now_ns();
        const bool kept = static_cast<bool>(emit(*client, i));
        mine.push_back(now_ns() - before);
        if (!kept) ++lost;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  std::vector<double> all;
  for (const auto& mine : times) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  std::vector<double> clock;
  for (int i = 0; i < 10'000; ++i) {
    const double before = now_ns();
    clock.push_back(now_ns() - before);
  }
  std::sort(clock.begin(), clock.end());
  std::printf(json ? "{\"threads\":%d,\"events\":%zu,\"median_ns\":%.0f,\"p90_ns\":%.0f,\"p99_ns\":%.0f,\"p999_ns\":%.0f,\"clock_ns\":%.0f,\"lost\":%d}\n"
                   : "threads %d, events %zu: median %.0f ns, p90 %.0f ns, p99 %.0f ns, p99.9 %.0f ns (reading the clock: %.0f ns), lost %d\n",
              threads, all.size(), percentile(all, 0.5), percentile(all, 0.9), percentile(all, 0.99),
              percentile(all, 0.999), percentile(clock, 0.5), lost);
  client.reset();
  const std::string remove = std::string("rm -rf ") + home;
  return std::system(remove.c_str());
}
