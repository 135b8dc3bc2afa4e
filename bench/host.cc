// A C++ program that uses candor, run as a process by the measures.
//
//   candor_bench_host run N      emits N events and ends as any program does
//   candor_bench_host kill N     emits N events and is killed by SIGKILL
//   candor_bench_host memory N   emits N events and prints its memory
//
//   --delivery background|detached|manual  instead of the default
//   --rate N                               at most so many events a second
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "memory.h"
#include "scan.h"

namespace {

using Clock = std::chrono::steady_clock;

// How many events go out between two looks at the clock.
constexpr int kSlice = 1000;

struct Arguments {
  std::string_view verb;
  int events = 0;
  candor::Delivery delivery = candor::Delivery::automatic;
  double rate = 0;  // 0: as fast as it goes
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  if (argc < 3) return arguments;
  arguments.verb = argv[1];
  arguments.events = std::atoi(argv[2]);
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::string_view value = argv[i + 1];
    if (option == "--rate") arguments.rate = std::atof(argv[i + 1]);
    if (option == "--delivery") {
      arguments.delivery = value == "background" ? candor::Delivery::background
                           : value == "detached" ? candor::Delivery::detached
                                                 : candor::Delivery::manual;
    }
  }
  return arguments;
}

// How many were not accepted.
int emit_all(candor::Client& client, const Arguments& arguments) {
  const Clock::time_point start = Clock::now();
  int lost = 0;
  for (int i = 0; i < arguments.events; ++i) {
    if (arguments.rate > 0 && i % kSlice == 0) {
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                std::chrono::duration<double>(i / arguments.rate)));
    }
    if (!candor::bench::emit_scan(client, i)) ++lost;
  }
  return lost;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  candor::Options options = candor::bench::product();
  options.delivery = arguments.delivery;
  const auto client = candor::Client::open(options);
  const int lost = emit_all(*client, arguments);
  if (lost > 0) {
    std::fprintf(stderr, "%d of %d events were not accepted: %s\n", lost, arguments.events,
                 client->status().explanation.c_str());
    return 1;
  }
  if (arguments.verb == "kill") std::raise(SIGKILL);
  if (arguments.verb == "memory") candor::bench::print_memory();
  return 0;
}
