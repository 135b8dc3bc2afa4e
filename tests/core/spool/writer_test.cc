#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "platform/clock.h"
#include "platform/files.h"
#include "platform/random.h"
#include "spool/age.h"
#include "spool/segment.h"
#include "support.h"
#include "support/failing_files.h"

namespace candor::spool {
namespace {

using test::TempDir;

const std::vector<std::string> kLabels = {"a", "b", ""};

TEST(Writer, KeepsWhatItSaysItKept) {
  TempDir dir;
  {
    Writer writer(dir.path(), kLabels, {});
    EXPECT_EQ(writer.append(0, "first"), kPending);
    EXPECT_EQ(writer.append(1, "second"), kPending);
    EXPECT_EQ(pending(dir.path()), (std::vector<std::string>{"first", "second"}));
  }
  EXPECT_EQ(pending(dir.path()), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(tally(dir.path()).labels.at("a")[kPending], 1u);
  EXPECT_EQ(tally(dir.path()).labels.at("b")[kPending], 1u);
}

TEST(Writer, TouchesNothingBeforeTheFirstAppend) {
  TempDir dir;
  { Writer writer(dir / "spool", kLabels, {}); }
  EXPECT_FALSE(std::filesystem::exists(dir / "spool"));
}

TEST(Writer, CountsWithoutARecord) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {});
  writer.count(2, static_cast<Counter>(Code::unknown_event));
  writer.count(2, static_cast<Counter>(Code::unknown_event));
  EXPECT_EQ(tally(dir.path()).labels.at("")[static_cast<Counter>(Code::unknown_event)], 2u);
}

TEST(Writer, ReusesTheSegmentOfAProcessThatIsGone) {
  TempDir dir;
  for (int run = 0; run < 5; ++run) {
    Writer writer(dir.path(), kLabels, {});
    EXPECT_EQ(writer.append(0, std::to_string(run)), kPending);
  }
  EXPECT_EQ(files(dir.path(), ".seg").size(), 1u);
  EXPECT_EQ(pending(dir.path()), (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST(Writer, LeavesALivingWritersSegmentAlone) {
  TempDir dir;
  Writer one(dir.path(), kLabels, {});
  Writer two(dir.path(), kLabels, {});
  EXPECT_EQ(one.append(0, "one"), kPending);
  EXPECT_EQ(two.append(0, "two"), kPending);
  EXPECT_EQ(files(dir.path(), ".seg").size(), 2u);
}

TEST(Writer, StartsAnotherSegmentWhenOneIsFull) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, small_segments());
  const std::string payload(1000, 'x');
  for (int i = 0; i < 200; ++i) ASSERT_EQ(writer.append(0, payload), kPending);
  EXPECT_GT(files(dir.path(), ".seg").size(), 1u);
  EXPECT_EQ(pending(dir.path()).size(), 200u);
}

TEST(Writer, TakesTheLargestRecord) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {});
  const std::string largest(kRecordBytesMax, 'x');
  EXPECT_EQ(writer.append(0, largest), kPending);
  ASSERT_EQ(pending(dir.path()).size(), 1u);
  EXPECT_EQ(pending(dir.path()).front(), largest);
}

std::vector<std::string> many_labels(std::size_t count) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < count; ++i) labels.push_back("label_" + std::to_string(i));
  return labels;
}

TEST(Writer, ASegmentHoldsSixtyFourLabelsAndTheNextOneTheRest) {
  TempDir dir;
  const auto labels = many_labels(kSegmentLabelsMax + 1);
  Writer writer(dir.path(), labels, small_segments());
  for (std::uint32_t i = 0; i < kSegmentLabelsMax; ++i) {
    ASSERT_EQ(writer.append(i, labels[i]), kPending);
  }
  EXPECT_EQ(files(dir.path(), ".seg").size(), 1u);
  ASSERT_EQ(writer.append(kSegmentLabelsMax, labels.back()), kPending);
  const auto segments = files(dir.path(), ".seg");
  ASSERT_EQ(segments.size(), 2u);
  // The first is sealed, and its unused space given back.
  EXPECT_LT(std::filesystem::file_size(segments[0]), records_at(kSegmentLabelsMax) + 4096);
  for (const std::string& label : labels)
    EXPECT_EQ(tally(dir.path()).labels.at(label)[kPending], 1u);
}

TEST(Writer, ACatalogOf4096EventsLosesNoneOf5000) {
  TempDir dir;
  const auto labels = many_labels(4097);
  Writer writer(dir.path(), labels, {});
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(writer.append(i * 37 % 4097, std::to_string(i)), kPending) << i;
  }
  EXPECT_EQ(pending(dir.path()).size(), 5000u);
  EXPECT_EQ(captured(dir.path()), 5000u);
}

TEST(Writer, SegmentsWhoseLabelsAreUsedUpDoNotStopAnUpgrade) {
  TempDir dir;
  for (int i = 0; i < 10; ++i) {
    auto old = Segment::make(dir.path(), 2, 128u << 10, unix_ms() + i, Files());
    ASSERT_TRUE(old && (*old)->label("before_1") && (*old)->label("before_2"));
  }
  Writer writer(dir.path(), kLabels, small_segments());
  EXPECT_EQ(writer.append(0, "after"), kPending);
  EXPECT_EQ(pending(dir.path()), std::vector<std::string>{"after"});
}

TEST(Writer, CountsOfManyLabelsAreHandedOverSegmentBySegment) {
  TempDir dir;
  test::FailingCalls calls;
  calls.allocate_code = ENOSPC;
  const auto labels = many_labels(200);
  Writer writer(dir.path(), labels, small_segments(), {}, {}, Files(calls));
  for (std::uint32_t i = 0; i < labels.size(); ++i) {
    ASSERT_EQ(writer.append(i, "lost"), counter_of(Reason::disk_error));
  }
  calls.allocate_code = 0;
  const std::int64_t until = steady_ms() + 10'000;
  while (steady_ms() < until && writer.append(0, "kept") != kPending) {}
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t i = 0; i < labels.size(); ++i) ASSERT_EQ(writer.append(i, "kept"), kPending);
  }
  const auto counts = tally(dir.path()).labels;
  for (const auto& label : labels) {
    EXPECT_GE(counts.at(label)[counter_of(Reason::disk_error)], 1u) << label;
  }
}

TEST(Writer, AFullSpoolIsNoBrokenDisk) {
  TempDir dir;
  Writer first(dir.path(), kLabels, small_segments());
  while (files(dir.path(), ".seg").size() < 3) {
    ASSERT_EQ(first.append(0, std::string(1000, 'x')), kPending);
  }
  // As an uploader at work: nobody can bury what it holds.
  auto queue = Queue::try_open(dir.path());
  ASSERT_FALSE(queue->peek(1000, 1u << 20).empty());
  Writer second(dir.path(), kLabels, {.segment_bytes = 128u << 10, .bytes_max = 256u << 10});
  EXPECT_EQ(second.append(0, "x"), counter_of(Reason::spool_full));
  EXPECT_EQ(second.append(0, "x"), counter_of(Reason::spool_full));
}

TEST(Writer, ByteLimitCostsTheOldestAndCountsThem) {
  TempDir dir;
  const Limits limits{.segment_bytes = 128u << 10, .bytes_max = 512u << 10};
  Writer writer(dir.path(), kLabels, limits);
  const std::string payload(1000, 'x');
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(writer.append(0, std::to_string(i) + payload), kPending);
  std::uint64_t bytes = 0;
  for (const auto& file : files(dir.path(), ".seg")) bytes += std::filesystem::file_size(file);
  EXPECT_LE(bytes, limits.bytes_max);
  const auto left = pending(dir.path());
  EXPECT_EQ(left.back(), "999" + payload);
  EXPECT_GT(counted(dir.path(), counter_of(Reason::spool_full)), 0u);
  EXPECT_EQ(captured(dir.path()), 1000u);
}

TEST(Writer, FileLimitHolds) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {.segment_bytes = 128u << 10, .files_max = 3});
  for (int i = 0; i < 500; ++i) ASSERT_EQ(writer.append(0, std::string(1000, 'x')), kPending);
  EXPECT_LE(files(dir.path(), ".seg").size(), 3u);
  EXPECT_EQ(captured(dir.path()), 500u);
}

TEST(Writer, EachLivingProcessHasItsSegmentBeyondTheLimit) {
  TempDir dir;
  const Limits limits{.segment_bytes = 128u << 10, .bytes_max = 256u << 10, .files_max = 2};
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < 6; ++i) {
    writers.push_back(std::make_unique<Writer>(dir.path(), kLabels, limits));
    EXPECT_EQ(writers.back()->append(0, std::to_string(i)), kPending);
  }
  EXPECT_EQ(pending(dir.path()).size(), 6u);
}

TEST(Writer, DoesNotGoOnWithASegmentHalfwayToItsAge) {
  TempDir dir;
  const std::int64_t now = unix_ms();
  ASSERT_TRUE(Segment::make(dir.path(), 3, 128u << 10, now - 60'000, Files()));
  {
    Writer writer(dir.path(), kLabels, {.age_max_ms = 100'000});
    ASSERT_EQ(writer.append(0, "new"), kPending);
  }
  EXPECT_EQ(files(dir.path(), ".seg").size(), 2u);
}

TEST(Writer, RemovesFilesThatAreNoSegments) {
  TempDir dir;
  const UuidText id = uuid7(unix_ms() - 1000);
  const std::string rubbish = dir / (std::string(id.data(), id.size()) + ".seg");
  spit(rubbish, std::string(300'000, '\0'));
  Writer writer(dir.path(), kLabels, {.segment_bytes = 128u << 10, .bytes_max = 256u << 10});
  ASSERT_EQ(writer.append(0, "x"), kPending);
  EXPECT_FALSE(std::filesystem::exists(rubbish));
}

TEST(Writer, DoesNotGoOnBehindAHole) {
  TempDir dir;
  {
    auto segment = Segment::make(dir.path(), 3, 128u << 10, unix_ms(), Files());
    ASSERT_TRUE(segment && (*segment)->reserve(record_span(10)));
  }
  Writer writer(dir.path(), kLabels, {});
  ASSERT_EQ(writer.append(0, "seen at once"), kPending);
  EXPECT_EQ(pending(dir.path()).size(), 1u);
}

// A wall clock and a monotonic one that a test sets.
struct TwoClocks {
  std::int64_t unix = unix_ms();
  std::int64_t steady = 1'000'000;

  void pass(std::int64_t ms) {
    unix += ms;
    steady += ms;
  }
  [[nodiscard]] Clock clock() const {
    return {[this] { return unix; }, [this] { return steady; }};
  }
};

constexpr std::int64_t kDayMs = 86'400'000;

// One process that emits once; what it finds on the way is judged by its clocks.
void run_once(const TempDir& dir, const TwoClocks& clocks, const std::string& payload) {
  Writer writer(dir.path(), kLabels, small_segments(), {}, clocks.clock());
  EXPECT_EQ(writer.append(0, payload), kPending);
}

std::uint64_t too_old(const TempDir& dir) {
  return counted(dir.path(), counter_of(Reason::too_old));
}

TEST(Writer, BuriesWhatIsTooOldWhenTheClocksAgreeForADay) {
  TempDir dir;
  TwoClocks clocks;
  run_once(dir, clocks, "old");
  clocks.pass(30 * kDayMs + 1000);
  run_once(dir, clocks, "new");
  EXPECT_EQ(too_old(dir), 0u);
  clocks.pass(kDayMs - 1);
  run_once(dir, clocks, "new");
  EXPECT_EQ(too_old(dir), 0u);
  clocks.pass(1);
  run_once(dir, clocks, "new");
  EXPECT_EQ(too_old(dir), 1u);
  EXPECT_EQ(pending(dir.path()), (std::vector<std::string>{"new", "new", "new"}));
}

TEST(Writer, AClockThatJumpsByMonthsBuriesNothing) {
  TempDir dir;
  TwoClocks clocks;
  run_once(dir, clocks, "before");
  const TwoClocks real = clocks;
  for (int months = 1; months <= 12; ++months) {
    clocks.unix = real.unix + months * 31 * kDayMs;
    run_once(dir, clocks, "ahead");
  }
  run_once(dir, real, "back");
  EXPECT_FALSE(std::filesystem::exists(dir / kAgedFile));
  clocks.unix = real.unix + 31 * kDayMs;
  run_once(dir, clocks, "ahead again");
  EXPECT_EQ(too_old(dir), 0u);
  EXPECT_EQ(pending(dir.path()).size(), 15u);
}

TEST(Writer, AClockThatBeganIn1970BuriesNothing) {
  TempDir dir;
  TwoClocks clocks;
  const std::int64_t real = clocks.unix;
  clocks.unix = 5000;
  run_once(dir, clocks, "early");
  const std::string early = files(dir.path(), ".seg").front();
  const timespec then[2] = {{5, 0}, {5, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, early.c_str(), then, 0), 0);
  clocks.unix = real;
  run_once(dir, clocks, "set");
  EXPECT_EQ(pending(dir.path()), (std::vector<std::string>{"early", "set"}));
  EXPECT_FALSE(std::filesystem::exists(dir / kAgedFile));
  // Its age counts from the first plausible clock that saw it.
  clocks.pass(30 * kDayMs + 2000);
  run_once(dir, clocks, "later");
  EXPECT_EQ(too_old(dir), 0u);
  clocks.pass(kDayMs);
  run_once(dir, clocks, "later");
  EXPECT_EQ(too_old(dir), 2u);
}

TEST(Writer, AClockThatFallsBackTo1970BuriesNothing) {
  TempDir dir;
  TwoClocks clocks;
  run_once(dir, clocks, "before");
  clocks.unix = 5000;
  run_once(dir, clocks, "fallen");
  EXPECT_EQ(pending(dir.path()).size(), 2u);
  EXPECT_EQ(too_old(dir), 0u);
}

TEST(Writer, AfterARestOfTheMachineTheWallClockDecides) {
  TempDir dir;
  TwoClocks clocks;
  run_once(dir, clocks, "old");
  clocks.pass(31 * kDayMs);
  run_once(dir, clocks, "new");
  const std::string mark = slurp(dir / kAgedFile);
  ASSERT_FALSE(mark.empty());
  spit(dir / kAgedFile, mark.substr(0, mark.rfind(' ')) + " another-run-of-the-machine\n");
  clocks.unix += kDayMs;
  clocks.steady = 10;
  run_once(dir, clocks, "new");
  EXPECT_EQ(too_old(dir), 1u);
}

TEST(Writer, AMarkThatIsNoMarkIsWrittenAnew) {
  for (const char* rubbish : {"", "x", "5", "5 ", "5 5", "5 5 no end"}) {
    TempDir dir;
    TwoClocks clocks;
    run_once(dir, clocks, "old");
    spit(dir / kAgedFile, rubbish);
    clocks.pass(31 * kDayMs);
    run_once(dir, clocks, "new");
    EXPECT_EQ(too_old(dir), 0u) << rubbish;
    EXPECT_TRUE(slurp(dir / kAgedFile).ends_with('\n')) << rubbish;
  }
}

TEST(Writer, UnfinishedFilesAreRemovedWhenTheirMakersMustBeGone) {
  TempDir dir;
  for (const char* name : {"young.tmp", "ledger.0123.tmp"}) spit(dir / name, "");
  const timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir / "ledger.0123.tmp").c_str(), long_ago, 0), 0);
  Writer writer(dir.path(), kLabels, {});
  ASSERT_EQ(writer.append(0, "x"), kPending);
  EXPECT_TRUE(std::filesystem::exists(dir / "young.tmp"));
  EXPECT_FALSE(std::filesystem::exists(dir / "ledger.0123.tmp"));
}

TEST(Writer, ManyThreadsLoseNothing) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, small_segments());
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        if (writer.append(static_cast<std::uint32_t>(t % 2),
                          std::to_string(t) + ":" + std::to_string(i)) != kPending)
          ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(refused, 0);
  const auto all = pending(dir.path());
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), std::size_t{kThreads} * kEach);
  EXPECT_EQ(all.size(), std::size_t{kThreads} * kEach);
}

TEST(Writer, AForkedChildWritesToItsOwnSegment) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {});
  ASSERT_EQ(writer.append(0, "parent"), kPending);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(writer.append(0, "child") == kPending ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_EQ(writer.append(0, "parent again"), kPending);
  EXPECT_EQ(files(dir.path(), ".seg").size(), 2u);
  auto all = pending(dir.path());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"child", "parent", "parent again"}));
}

TEST(Writer, BringsItsRecordsAlongWhenTheDirectoryIsDeleted) {
  TempDir dir;
  Writer writer(dir / "spool", kLabels, {});
  ASSERT_EQ(writer.append(0, "kept"), kPending);
  writer.count(1, static_cast<Counter>(Code::too_long));
  std::filesystem::remove_all(dir / "spool");
  writer.tend();
  ASSERT_EQ(writer.append(0, "later"), kPending);
  EXPECT_EQ(pending(dir / "spool"), (std::vector<std::string>{"kept", "later"}));
  EXPECT_EQ(tally(dir / "spool").labels.at("b")[static_cast<Counter>(Code::too_long)], 1u);
}

TEST(Writer, BringsItsRecordsAlongWhenTheDirectoryIsMoved) {
  for (const bool written_through : {false, true}) {
    test::FailingCalls calls;
    if (written_through) calls.allocation_lasts_is = false;
    TempDir dir;
    const std::string home = dir / "home/spool";
    const std::string moved = dir / "moved/spool";
    {
      Writer writer(home, kLabels, {}, {}, {}, Files(calls));
      ASSERT_EQ(writer.append(0, "delivered"), kPending);
      ASSERT_EQ(writer.append(0, "kept"), kPending);
      writer.count(1, static_cast<Counter>(Code::too_long));
      {
        auto queue = Queue::try_open(home);
        ASSERT_TRUE(queue->settle(queue->peek(1, 100), kDelivered));
      }
      writer.tend();
      EXPECT_EQ(files(home, ".seg").size(), 1u);
      std::filesystem::rename(dir / "home", dir / "moved");
      writer.tend();
      ASSERT_EQ(writer.append(0, "later"), kPending);
      EXPECT_EQ(pending(home), (std::vector<std::string>{"kept", "later"}));
    }
    EXPECT_EQ(captured(home), 2u);
    EXPECT_TRUE(pending(moved).empty());
    EXPECT_EQ(counted(moved, kDelivered), 1u);
    EXPECT_EQ(counted(moved, static_cast<Counter>(Code::too_long)), 1u);
    EXPECT_EQ(captured(moved), 2u);
    // An uploader of the moved home finds a tomb, and folds it.
    auto queue = Queue::try_open(moved);
    EXPECT_TRUE(queue->peek(10, 100).empty());
    queue->reclaim();
    EXPECT_TRUE(files(moved, ".seg").empty());
    EXPECT_EQ(captured(moved), 2u);
  }
}

TEST(Writer, WritesThroughWhereAllocationIsNoPromise) {
  test::FailingCalls calls;
  calls.allocation_lasts_is = false;
  TempDir dir;
  {
    Writer writer(dir.path(), kLabels, small_segments(), {}, {}, Files(calls));
    for (int i = 0; i < 300; ++i) ASSERT_EQ(writer.append(0, std::string(1000, 'x')), kPending);
    EXPECT_EQ(pending(dir.path()).size(), 300u);
    writer.count(1, 5);
    EXPECT_EQ(counted(dir.path(), 5), 1u);
  }
  Writer again(dir.path(), kLabels, small_segments(), {}, {}, Files(calls));
  ASSERT_EQ(again.append(1, "more"), kPending);
  EXPECT_EQ(pending(dir.path()).size(), 301u);
}

TEST(Writer, AnErrorInTheMiddleOfARecordCostsThatRecord) {
  bool failing = false;
  test::FailingCalls calls;
  calls.allocation_lasts_is = false;
  calls.write_bytes_max = 7;
  calls.on_write = [&](std::size_t n) {
    return n > 100 && std::exchange(failing, false) ? EIO : 0;
  };
  TempDir dir;
  Writer writer(dir.path(), kLabels, small_segments(), {}, {}, Files(calls));
  const std::string payload(200, 'x');
  ASSERT_EQ(writer.append(0, payload), kPending);
  failing = true;
  EXPECT_EQ(writer.append(0, payload), counter_of(Reason::disk_error));
  ASSERT_EQ(writer.append(0, payload), kPending);
  // What came after the hole is seen while the writer lives.
  EXPECT_EQ(pending(dir.path()).size(), 2u);
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::disk_error)), 1u);
  EXPECT_EQ(captured(dir.path()), 3u);
}

TEST(Writer, AFullDiskDropsCountsAndRecovers) {
  test::FailingCalls calls;
  calls.allocate_code = ENOSPC;
  TempDir dir;
  Writer writer(dir.path(), kLabels, {}, {}, {}, Files(calls));
  EXPECT_EQ(writer.append(0, "lost"), counter_of(Reason::disk_error));
  EXPECT_EQ(writer.append(0, "lost"), counter_of(Reason::disk_error));
  EXPECT_FALSE(writer.trouble().empty());
  EXPECT_TRUE(files(dir.path(), ".tmp").empty());
  calls.allocate_code = 0;
  Counter answer = counter_of(Reason::disk_error);
  int lost = 2;
  const std::int64_t until = steady_ms() + 10'000;
  while (steady_ms() < until && (answer = writer.append(0, "kept")) != kPending) ++lost;
  EXPECT_EQ(answer, kPending);
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::disk_error)), static_cast<std::uint64_t>(lost));
  EXPECT_EQ(captured(dir.path()), static_cast<std::uint64_t>(lost) + 1);
}

TEST(Writer, AReadOnlyPlaceDropsWithoutATrace) {
  TempDir dir;
  spit(dir / "file", "");
  Writer writer(dir / "file/spool", kLabels, {});
  EXPECT_EQ(writer.append(0, "x"), counter_of(Reason::disk_error));
  EXPECT_NE(writer.trouble().find("file"), std::string::npos);
}

}  // namespace
}  // namespace candor::spool
