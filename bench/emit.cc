// How long one emit takes in the caller's thread, into the durable spool, each call timed
// by itself. Nothing is uploaded. Prints JSON.
//
//   candor_bench_emit [--threads N] [--events N]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "scan.h"

namespace {

using Clock = std::chrono::steady_clock;

// Catalog, segment and page tables are warm after so many.
constexpr int kWarmUp = 1000;

double now_ns() {
  return std::chrono::duration<double, std::nano>(Clock::now().time_since_epoch()).count();
}

double percentile(const std::vector<double>& sorted, double p) {
  const auto at = static_cast<std::size_t>(p * static_cast<double>(sorted.size()));
  return sorted[std::min(sorted.size() - 1, at)];
}

struct Timed {
  std::vector<double> ns;
  int lost = 0;
};

void emit_timed(candor::Client& client, int events, Timed& timed) {
  timed.ns.reserve(static_cast<std::size_t>(events));
  for (int i = 0; i < events; ++i) {
    const double before = now_ns();
    const bool kept = static_cast<bool>(candor::bench::emit_scan(client, i));
    timed.ns.push_back(now_ns() - before);
    if (!kept) ++timed.lost;
  }
}

// What the two readings of the clock add to every call.
double clock_ns() {
  std::vector<double> ns;
  for (int i = 0; i < 10'000; ++i) {
    const double before = now_ns();
    ns.push_back(now_ns() - before);
  }
  std::sort(ns.begin(), ns.end());
  return percentile(ns, 0.5);
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  int events = 100'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--threads") threads = std::atoi(argv[i + 1]);
    if (option == "--events") events = std::atoi(argv[i + 1]);
  }
  candor::Options options = candor::bench::product();
  options.delivery = candor::Delivery::manual;
  options.spool_bytes_max = 1ull << 40;
  options.spool_files_max = 1u << 20;
  const auto client = candor::Client::open(options);
  for (int i = 0; i < kWarmUp; ++i) {
    if (candor::bench::emit_scan(*client, i)) continue;
    std::fprintf(stderr, "emit: %s\n", client->status().explanation.c_str());
    return 1;
  }

  std::vector<Timed> timed(static_cast<std::size_t>(threads));
  std::vector<std::thread> workers;
  workers.reserve(timed.size());
  for (Timed& mine : timed) {
    workers.emplace_back([&client, &mine, events] { emit_timed(*client, events, mine); });
  }
  for (std::thread& worker : workers) worker.join();

  Timed all;
  for (const Timed& one : timed) {
    all.ns.insert(all.ns.end(), one.ns.begin(), one.ns.end());
    all.lost += one.lost;
  }
  std::sort(all.ns.begin(), all.ns.end());
  std::printf(
      "{\"threads\":%d,\"events\":%zu,\"median_ns\":%.0f,\"p90_ns\":%.0f,\"p99_ns\":%.0f,"
      "\"p999_ns\":%.0f,\"clock_ns\":%.0f,\"lost\":%d}\n",
      threads, all.ns.size(), percentile(all.ns, 0.5), percentile(all.ns, 0.9),
      percentile(all.ns, 0.99), percentile(all.ns, 0.999), clock_ns(), all.lost);
  return 0;
}
