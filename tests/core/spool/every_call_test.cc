// The life of a spool, once for each call that it makes and each way in which that call may fail:
// what was acknowledged is never lost, counted twice or sent twice, and an opt-out leaves nothing.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "spool/home.h"
#include "spool/support.h"
#include "support/failing_files.h"

namespace candor::spool {
namespace {

using test::FailingCalls;
using test::TempDir;

const std::vector<std::string> kLabels = {"a", "b"};
constexpr int kEvents = 9;
constexpr std::size_t kPayloadBytes = 30'000;  // four fill a segment

std::string payload(int number) {
  std::string text = std::to_string(number) + " ";
  text.resize(kPayloadBytes, 'x');
  return text;
}

class Life {
 public:
  Life(FailingCalls& calls, std::string dir) : files_(calls), dir_(std::move(dir)) {}

  // Several segments, of which the second writer takes over the last.
  void emit() {
    for (int number = 0; number < kEvents;) {
      Writer writer(dir_, kLabels, small_segments(), {}, {}, files_);
      for (int i = 0; i < 5 && number < kEvents; ++i, ++number) {
        writer.tend();
        if (writer.append(0, payload(number)) == kPending) kept_.insert(payload(number));
      }
    }
  }

  void deliver() {
    const auto queue = Queue::try_open(dir_, files_);
    if (!queue) return;
    for (int i = 0; i < 3; ++i) {
      const auto records = queue->peek(2, SIZE_MAX);
      if (records.empty()) break;
      std::vector<std::string> sent;
      for (const Record& record : records) sent.emplace_back(record.payload);
      const bool settled = queue->settle(records, kDelivered);
      for (const std::string& one : sent) (settled ? delivered_ : unsettled_).insert(one);
    }
    queue->reclaim();
  }

  // Every acknowledged record waits once, or was delivered and is counted.
  void expect_nothing_lost() const {
    std::map<std::string, int> waiting;
    for (const std::string& one : pending(dir_)) ++waiting[one];
    for (const auto& [one, times] : waiting) EXPECT_EQ(times, 1) << one.substr(0, 2);
    for (const std::string& one : kept_) {
      if (unsettled_.contains(one)) continue;  // the disk refused: either is true
      EXPECT_EQ(waiting.count(one), delivered_.contains(one) ? 0u : 1u) << one.substr(0, 2);
    }
    const std::uint64_t counted_delivered = counted(dir_, kDelivered);
    EXPECT_GE(counted_delivered, delivered_.size());
    EXPECT_LE(counted_delivered, delivered_.size() + unsettled_.size());
  }

 private:
  const Files files_;
  const std::string dir_;
  std::set<std::string> kept_, delivered_, unsettled_;
};

class EveryCall : public ::testing::TestWithParam<std::tuple<bool, int>> {};

TEST_P(EveryCall, LosesNothing) {
  const auto [in_place, code] = GetParam();
  for (std::size_t n = 0; !HasFailure(); ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    TempDir dir;
    FailingCalls calls;
    calls.allocation_lasts_is = in_place;
    calls.fail_at(n, code);
    Life life(calls, dir.path());
    life.emit();
    life.expect_nothing_lost();
    life.deliver();
    life.expect_nothing_lost();
    if (!calls.failed()) {
      EXPECT_GT(n, 80u);
      break;
    }
  }
}

TEST_P(EveryCall, LeavesNothingAfterAnOptOutOrSaysSo) {
  const auto [in_place, code] = GetParam();
  for (std::size_t n = 0; !HasFailure(); ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    TempDir dir;
    FailingCalls calls;
    calls.allocation_lasts_is = in_place;
    const std::string spool = directory_in(dir.path(), "acme");
    Life(calls, spool).emit();
    calls.fail_at(n, code);
    const Purge purge = purge_home(dir.path(), Files(calls));
    if (purge.problem.empty()) { EXPECT_TRUE(pending(spool).empty()); }
    if (code == EINTR) { EXPECT_EQ(purge.problem, ""); }
    if (!calls.failed()) {
      EXPECT_GT(n, 10u);
      EXPECT_EQ(purge.records, static_cast<std::uint64_t>(kEvents));
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Disk, EveryCall, ::testing::Combine(::testing::Bool(), ::testing::ValuesIn(test::kDiskErrors)),
    [](const auto& which) {
      return std::string(std::get<0>(which.param) ? "Mapped" : "WrittenThrough") +
             strerrorname_np(std::get<1>(which.param));
    });

}  // namespace
}  // namespace candor::spool
