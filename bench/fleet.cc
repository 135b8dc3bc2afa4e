// A fleet through a bad day: many installs, a server that is down for an hour, and what it sees
// when it comes back. Every install is simulated with the uploader's own policy object; only
// the clock, the randomness and the server are made up.
//
//   fleet [--installs N] [--json]
//
// An install is a command line that runs at random times of the day (nine in ten installs), or
// a daemon that emits steadily (one in ten). Each run leaves an uploader behind that makes one
// flush, at most one an interval. The comparison is a client that retries every failed request
// after a fixed pause.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "upload/policy.h"

namespace {

using candor::upload::Next;
using candor::upload::Policy;
using candor::upload::State;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kDown = 12 * kHour;
constexpr std::int64_t kUp = 13 * kHour;
constexpr std::int64_t kIntervalMs = 10'000;
constexpr double kRunsADay = 12;
constexpr int kEventsARun = 4;
constexpr std::int64_t kDaemonEventEveryMs = 5 * kMinute;
constexpr std::int64_t kFixedPauseMs = 3'000;

// Requests and events that reach (or knock at) the server, by minute.
struct Curve {
  std::vector<std::uint32_t> requests = std::vector<std::uint32_t>(kDay / kMinute);
  std::vector<std::uint32_t> events = std::vector<std::uint32_t>(kDay / kMinute);
  std::uint64_t left = 0;  // events still waiting at the end of the day

  void request(std::int64_t at, std::uint32_t taken) {
    if (at >= kDay) return;
    ++requests[static_cast<std::size_t>(at / kMinute)];
    events[static_cast<std::size_t>(at / kMinute)] += taken;
  }
};

bool is_down(std::int64_t at) { return at >= kDown && at < kUp; }

// One flush as the uploader does it: up to max_retries more requests, waits as the policy says.
// Returns when it ended.
std::int64_t flush(State& state, std::int64_t at, std::uint32_t& waiting, std::mt19937_64& random,
                   Curve& curve) {
  Policy policy({}, state);
  if (policy.begin(at, false) > 0) return at;
  while (waiting > 0) {
    const candor::upload::Sent sent{.events = waiting, .bytes = waiting * 350};
    Next next;
    if (is_down(at)) {
      curve.request(at, 0);
      next = policy.unanswered(sent, "down", at, random());
    } else {
      curve.request(at, waiting);
      candor::sink::Answer answer;
      answer.events.assign(waiting, candor::sink::Verdict::delivered);
      next = policy.answered(answer, sent, std::nullopt, at, random());
      waiting = 0;
    }
    if (next.step == Next::Step::stop) break;
    at += next.wait_ms;
  }
  state = policy.state();
  return at;
}

void live(bool daemon, std::mt19937_64& random, Curve& curve) {
  std::exponential_distribution<double> pause(daemon
                                                  ? 1.0 / static_cast<double>(kDaemonEventEveryMs)
                                                  : kRunsADay / static_cast<double>(kDay));
  State state;
  std::uint32_t waiting = 0;
  std::int64_t free_at = 0;  // no second uploader before
  for (auto at = static_cast<std::int64_t>(pause(random)); at < kDay;
       at += 1 + static_cast<std::int64_t>(pause(random))) {
    waiting += daemon ? 1 : kEventsARun;
    if (at < free_at) continue;
    free_at = std::max(flush(state, at, waiting, random, curve), at + kIntervalMs);
  }
  curve.left += waiting;
}

// The same installs with a client that keeps what it has and tries again after a fixed pause.
void live_naively(bool daemon, std::mt19937_64& random, Curve& curve) {
  std::exponential_distribution<double> pause(daemon
                                                  ? 1.0 / static_cast<double>(kDaemonEventEveryMs)
                                                  : kRunsADay / static_cast<double>(kDay));
  std::uint32_t waiting = 0;
  std::int64_t free_at = 0;
  for (auto at = static_cast<std::int64_t>(pause(random)); at < kDay;
       at += 1 + static_cast<std::int64_t>(pause(random))) {
    waiting += daemon ? 1 : kEventsARun;
    if (at < free_at) continue;
    std::int64_t t = at;
    for (; is_down(t); t += kFixedPauseMs) curve.request(t, 0);
    curve.request(t, waiting);
    waiting = 0;
    free_at = t + kIntervalMs;
  }
}

double per_second(std::uint64_t in_a_minute) { return static_cast<double>(in_a_minute) / 60; }

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t installs = 1'000'000;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--installs") == 0 && i + 1 < argc)
      installs = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--json") == 0)
      json = true;
    else
      return std::fprintf(stderr, "usage: fleet [--installs N] [--json]\n"), 2;
  }
  Curve ours;
  Curve naive;
  std::mt19937_64 random(20260102);
  for (std::uint64_t i = 0; i < installs; ++i) {
    live(i % 10 == 0, random, ours);
    live_naively(i % 10 == 0, random, naive);
  }
  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  for (const auto n : ours.requests) requests += n;
  for (const auto n : ours.events) events += n;
  const auto peak = [&](const Curve& curve, std::int64_t from, std::int64_t to) {
    return *std::max_element(curve.requests.begin() + from / kMinute,
                             curve.requests.begin() + to / kMinute);
  };
  const double usual = static_cast<double>(peak(ours, 10 * kHour, 11 * kHour));
  const double down = peak(ours, kDown, kUp);
  const double after = peak(ours, kUp, kUp + kHour);
  const double naive_down = peak(naive, kDown, kUp);
  const double naive_after = peak(naive, kUp, kUp + kHour);
  if (json) {
    std::printf(
        "{\"installs\":%llu,\"requests_per_install_day\":%.2f,\"events_per_install_day\":%.2f,"
        "\"peak_down_ratio\":%.3f,\"peak_after_ratio\":%.3f,\"naive_peak_down_ratio\":%.3f,"
        "\"naive_peak_after_ratio\":%.3f,\"events_left\":%llu}\n",
        static_cast<unsigned long long>(installs),
        static_cast<double>(requests) / static_cast<double>(installs),
        static_cast<double>(events) / static_cast<double>(installs), down / usual, after / usual,
        naive_down / usual, naive_after / usual, static_cast<unsigned long long>(ours.left));
    return 0;
  }
  std::printf("%llu installs, %.2f requests and %.2f events an install and day\n\n",
              static_cast<unsigned long long>(installs),
              static_cast<double>(requests) / static_cast<double>(installs),
              static_cast<double>(events) / static_cast<double>(installs));
  std::printf("requests a second; the server is down from 12:00 to 13:00\n\n");
  std::printf("  time     candor   fixed 3 s pause\n");
  constexpr std::int64_t kStep = 5 * kMinute;
  for (std::int64_t at = kDown - 15 * kMinute; at < kUp + 90 * kMinute; at += kStep) {
    const auto p = peak(ours, at, at + kStep);
    const int bar = static_cast<int>(std::lround(30.0 * p / std::max(down, after)));
    std::printf("  %02d:%02d %9.0f %9.0f  %s\n", static_cast<int>(at / kHour),
                static_cast<int>(at / kMinute % 60), per_second(p),
                per_second(peak(naive, at, at + kStep)),
                std::string(static_cast<std::size_t>(bar), '#').c_str());
  }
  std::printf(
      "\npeak minute against the hour before: while down %.2f, after %.2f (fixed pause: %.1f and "
      "%.1f)\n",
      down / usual, after / usual, naive_down / usual, naive_after / usual);
  return 0;
}
