// Processes killed at random moments: what emit acknowledged is there afterwards, once and whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "support.h"

namespace candor {
namespace {

using test::Home;

constexpr std::uint32_t kEventsAThread = 300;

int rounds() {
  const char* text = std::getenv("CANDOR_KILL_ROUNDS");
  return text != nullptr ? std::atoi(text) : 200;
}

// Numbers that a child acknowledged, readable after its death.
struct Acknowledged {
  static constexpr std::size_t kMax = 1u << 20;
  std::atomic<std::uint32_t> count;
  std::uint32_t numbers[kMax];
};

class SharedAcknowledged {
 public:
  SharedAcknowledged()
      : shared_(
            static_cast<Acknowledged*>(::mmap(nullptr, sizeof(Acknowledged), PROT_READ | PROT_WRITE,
                                              MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SharedAcknowledged() { ::munmap(shared_, sizeof(Acknowledged)); }
  void add(std::uint32_t number) {
    // The number first: a kill between the two lines may forget it, never invent one.
    const std::uint32_t at = shared_->count.fetch_add(1);
    shared_->numbers[at] = number + 1;
  }
  [[nodiscard]] std::uint32_t count() const { return shared_->count; }
  [[nodiscard]] std::vector<std::uint32_t> all() const {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < shared_->count; ++i) {
      if (shared_->numbers[i] != 0) numbers.push_back(shared_->numbers[i] - 1);
    }
    return numbers;
  }

 private:
  Acknowledged* shared_;
};

void pause_us(long us) {
  const timespec pause{0, us * 1000};
  ::nanosleep(&pause, nullptr);
}

// Returns once the child has acknowledged `count` more events than `before`, or has ended by
// itself.
void wait_for(pid_t child, const SharedAcknowledged& acknowledged, std::uint32_t before,
              std::uint32_t count) {
  siginfo_t ended{};
  while (acknowledged.count() - before < count && ended.si_pid == 0) {
    pause_us(20);
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
  }
}

TEST(Kill, NothingAcknowledgedIsLostOrDoubled) {
  Home home;
  Client::open(home.options()).reset();  // the notice, once, out of the way
  SharedAcknowledged acknowledged;
  std::mt19937 random(20260102);
  const int total = rounds();
  for (int round = 0; round < total; ++round) {
    const int threads = round % 4 == 0 ? 3 : 1;
    const std::uint32_t before = acknowledged.count();
    const pid_t child = ::fork();
    if (child == 0) {
      Options options = home.options();
      options.spool_bytes_max = 1ull << 30;
      options.spool_files_max = 100'000;
      auto client = Client::open(options);
      std::vector<std::thread> others;
      const auto write = [&](std::uint32_t thread) {
        for (std::uint32_t i = 0; i < kEventsAThread; ++i) {
          const auto number =
              static_cast<std::uint32_t>(round) * 1000 + thread * kEventsAThread + i;
          if (client->emit("started", {{"n", number}})) acknowledged.add(number);
        }
      };
      for (int t = 1; t < threads; ++t) others.emplace_back(write, t);
      write(0);
      ::pause();
    }
    // Every fourth child is killed early, most likely while its client opens.
    if (round % 4 != 3)
      wait_for(child, acknowledged, before,
               1 + static_cast<std::uint32_t>(random() % kEventsAThread));
    pause_us(static_cast<long>(random() % 500));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }

  std::map<std::uint32_t, int> found;
  for (const auto& event : home.waiting()) {
    const auto json = nlohmann::json::parse(event, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << event;
    ++found[json["properties"]["n"].get<std::uint32_t>()];
  }
  const auto expected = acknowledged.all();
  EXPECT_GE(expected.size(), static_cast<std::size_t>(total) * 3 / 4);  // three of four got to work
  for (const std::uint32_t number : expected) ASSERT_EQ(found[number], 1) << number;
  for (const auto& [number, times] : found) ASSERT_EQ(times, 1) << number;
  // An event may be kept whose acknowledgement died with the process; the ledger counts it too.
  const Counts counts = home.ledger().total;
  EXPECT_EQ(counts.pending(), found.size());
  EXPECT_EQ(counts.captured(), found.size());
  EXPECT_EQ(counts.dropped(), 0u);
}

}  // namespace
}  // namespace candor
