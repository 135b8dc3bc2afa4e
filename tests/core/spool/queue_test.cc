#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "spool/format.h"
#include "support.h"

namespace candor::spool {
namespace {

using test::TempDir;

const std::vector<std::string> kLabels = {"a", "b", ""};
constexpr std::size_t kAll = 1u << 20;

std::vector<std::string> payloads(std::span<const Record> records) {
  std::vector<std::string> out;
  for (const Record& record : records) out.emplace_back(record.payload);
  return out;
}

TEST(Queue, IsOneAtATime) {
  TempDir dir;
  auto one = Queue::try_open(dir.path());
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(Queue::try_open(dir.path()), nullptr);
  one.reset();
  EXPECT_NE(Queue::try_open(dir.path()), nullptr);
}

TEST(Queue, IsTakenOverWhenItsHolderDies) {
  TempDir dir;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto queue = Queue::try_open(dir.path());
    static_cast<void>(::write(ready[1], "x", 1));
    ::pause();
  }
  char c;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  EXPECT_EQ(Queue::try_open(dir.path()), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(Queue::try_open(dir.path()), nullptr);
}

TEST(Queue, GivesTheOldestFirstWithinItsLimits) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {});
  for (int i = 0; i < 10; ++i) ASSERT_EQ(writer.append(0, std::to_string(i)), kPending);
  auto queue = Queue::try_open(dir.path());
  EXPECT_EQ(payloads(queue->peek(3, kAll)), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(payloads(queue->peek(100, 4)), (std::vector<std::string>{"0", "1", "2", "3"}));
  EXPECT_EQ(payloads(queue->peek(100, 0)), (std::vector<std::string>{"0"}));
  EXPECT_EQ(queue->peek(100, kAll).size(), 10u);
}

TEST(Queue, SettledRecordsNeverComeAgain) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, small_segments());
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(writer.append(i % 2 == 0 ? 0 : 1, std::string(900, 'x')), kPending);
  {
    auto queue = Queue::try_open(dir.path());
    const auto batch = queue->peek(100, kAll);
    ASSERT_EQ(batch.size(), 100u);
    EXPECT_TRUE(queue->settle(batch.first(50), kDelivered));
    EXPECT_TRUE(queue->settle(batch.subspan(60, 10), counter_of(Reason::refused)));
  }
  EXPECT_EQ(counted(dir.path(), kDelivered), 50u);
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::refused)), 10u);
  EXPECT_EQ(counted(dir.path(), kPending), 440u);
  auto queue = Queue::try_open(dir.path());
  std::size_t more = 0;
  for (auto batch = queue->peek(64, kAll); !batch.empty(); batch = queue->peek(64, kAll)) {
    more += batch.size();
    ASSERT_TRUE(queue->settle(batch, kDelivered));
  }
  EXPECT_EQ(more, 440u);
  EXPECT_EQ(captured(dir.path()), 500u);
}

TEST(Queue, SeesWhatIsAppendedMeanwhile) {
  TempDir dir;
  Writer writer(dir.path(), kLabels, {});
  ASSERT_EQ(writer.append(0, "1"), kPending);
  auto queue = Queue::try_open(dir.path());
  ASSERT_TRUE(queue->settle(queue->peek(10, kAll), kDelivered));
  EXPECT_TRUE(queue->peek(10, kAll).empty());
  ASSERT_EQ(writer.append(0, "2"), kPending);
  EXPECT_EQ(payloads(queue->peek(10, kAll)), std::vector<std::string>{"2"});
}

TEST(Queue, BuriesDrainedSegmentsOfTheDeadAndKeepsTheirCounts) {
  TempDir dir;
  {
    Writer writer(dir.path(), kLabels, small_segments());
    for (int i = 0; i < 500; ++i) ASSERT_EQ(writer.append(0, std::string(900, 'x')), kPending);
  }
  auto queue = Queue::try_open(dir.path());
  for (auto batch = queue->peek(100, kAll); !batch.empty(); batch = queue->peek(100, kAll)) {
    ASSERT_TRUE(queue->settle(batch, kDelivered));
  }
  queue->reclaim();
  EXPECT_TRUE(files(dir.path(), ".seg").empty());
  EXPECT_TRUE(files(dir.path(), ".tomb").empty());
  EXPECT_EQ(tally(dir.path()).labels.at("a")[kDelivered], 500u);
}

TEST(Ledger, ATombThatWasFoldedIsNotCountedTwice) {
  TempDir dir;
  {
    Writer writer(dir.path(), kLabels, {});
    ASSERT_EQ(writer.append(0, "x"), kPending);
  }
  auto queue = Queue::try_open(dir.path());
  ASSERT_TRUE(queue->settle(queue->peek(10, kAll), kDelivered));
  EXPECT_TRUE(queue->peek(10, kAll).empty());
  ASSERT_EQ(files(dir.path(), ".tomb").size(), 1u);
  const std::string tomb = files(dir.path(), ".tomb").front();
  const std::string bytes = slurp(tomb);
  queue->reclaim();
  ASSERT_FALSE(std::filesystem::exists(tomb));
  EXPECT_EQ(captured(dir.path()), 1u);
  spit(tomb, bytes);  // as if the process had died between the rename of the ledger and the removal
  EXPECT_EQ(captured(dir.path()), 1u);
  queue->reclaim();
  EXPECT_FALSE(std::filesystem::exists(tomb));
  EXPECT_EQ(captured(dir.path()), 1u);
}

TEST(Ledger, ADamagedLedgerCountsAsEmpty) {
  TempDir dir;
  spit(dir / "ledger", "candor-ledger 1\nlabel 1=99 =a\nend 0\n");
  EXPECT_EQ(captured(dir.path()), 0u);
}

TEST(Purge, EmptiesDeadAndLivingSegments) {
  TempDir dir;
  {
    Writer gone(dir.path(), kLabels, {});
    ASSERT_EQ(gone.append(0, "dead secret"), kPending);
  }
  auto hold = Queue::try_open(dir.path());
  const auto held = hold->peek(10, kAll);  // keeps the dead segment from being reused
  ASSERT_EQ(held.size(), 1u);
  Writer living(dir.path(), kLabels, {});
  ASSERT_EQ(living.append(1, "living secret"), kPending);
  hold->reclaim();
  EXPECT_EQ(purge(dir.path()).records, 2u);
  EXPECT_TRUE(pending(dir.path()).empty());
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::opted_out)), 2u);
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    EXPECT_EQ(slurp(entry.path().string()).find("secret"), std::string::npos) << entry.path();
  }
  living.tend();  // must not bring the purged records back
  EXPECT_TRUE(pending(dir.path()).empty());
  EXPECT_EQ(captured(dir.path()), 2u);
}

TEST(Purge, AWriterLeavesAPurgedSegmentWithItsNextRecord) {
  const TempDir dir;
  Writer living(dir.path(), kLabels, {});
  ASSERT_EQ(living.append(0, "before"), kPending);
  EXPECT_EQ(purge(dir.path()).records, 1u);
  // Consent was given again: nothing that is accepted from here on may be lost.
  ASSERT_EQ(living.append(0, "after"), kPending);
  EXPECT_EQ(pending(dir.path()), std::vector<std::string>{"after"});
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::opted_out)), 1u);
  EXPECT_EQ(captured(dir.path()), 2u);
}

TEST(Purge, FinishesWhatAKilledPurgeLeftHalfErased) {
  const TempDir dir;
  std::string secret;
  while (secret.size() < 12u << 10) secret += "secret ";
  {
    Writer living(dir.path(), kLabels, {});
    for (const std::string& payload : {std::string("first secret"), secret, secret}) {
      ASSERT_EQ(living.append(0, payload), kPending);
    }
    // A kill ends a write at a page: of the second record a part is zeros, its checksum is the
    // new one.
    const std::string path = files(dir.path(), ".seg").front();
    const std::size_t second = records_at(kLabels.size()) + record_span(sizeof "first secret" - 1);
    const std::string bytes = slurp(path).substr(second, record_span(secret.size()));
    std::string erased = bytes;
    erase_record(reinterpret_cast<std::byte*>(erased.data()),
                 fixed_of(*reinterpret_cast<const Header*>(slurp(path).data()))->seed);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(second));
    file.write(erased.data(), 4096);
    file.close();

    EXPECT_EQ(purge(dir.path()).problem, "");
    EXPECT_EQ(slurp(path).find("secret"), std::string::npos);
    EXPECT_EQ(captured(dir.path()), 3u);
  }
  EXPECT_EQ(purge(dir.path()).problem, "");
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::opted_out)), 3u);
  EXPECT_EQ(captured(dir.path()), 3u);
}

TEST(Purge, WhatThreadsAppendMeanwhileIsCounted) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kEach = 20'000;
  const TempDir dir;
  std::uint64_t accepted = 0;
  {
    Writer writer(dir.path(), kLabels, {});
    std::atomic<int> running = kThreads;
    std::atomic<std::uint64_t> kept = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          kept += writer.append(0, "a record of some length") == kPending ? 1 : 0;
        }
        --running;
      });
    }
    while (running > 0) EXPECT_EQ(purge(dir.path()).problem, "");
    for (auto& thread : threads) thread.join();
    accepted = kept;
  }
  EXPECT_EQ(accepted, kThreads * kEach);
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::opted_out)) + pending(dir.path()).size(),
            accepted);
  EXPECT_EQ(captured(dir.path()), accepted);
}

TEST(Purge, WhatTheUploaderSettlesMeanwhileIsNotBroughtBack) {
  const TempDir dir;
  Writer living(dir.path(), kLabels, {});
  ASSERT_EQ(living.append(0, "first secret"), kPending);
  ASSERT_EQ(living.append(0, "second secret"), kPending);
  const auto queue = Queue::try_open(dir.path());
  ASSERT_TRUE(queue);
  const auto peeked = queue->peek(10, 1 << 20);
  ASSERT_EQ(peeked.size(), 2u);
  EXPECT_EQ(purge(dir.path()).records, 2u);
  EXPECT_TRUE(queue->settle(peeked, kDelivered));
  EXPECT_EQ(counted(dir.path(), counter_of(Reason::opted_out)), 2u);
  EXPECT_EQ(captured(dir.path()), 2u);
  for (const std::string& file : files(dir.path(), ".seg")) {
    EXPECT_EQ(slurp(file).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace candor::spool
