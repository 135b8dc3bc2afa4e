// Segments that were cut, flipped, half written, or come from another version.
#include <gtest/gtest.h>

#include <algorithm>

#include "platform/clock.h"
#include "spool/segment.h"
#include "support.h"

namespace candor::spool {
namespace {

using test::TempDir;

const std::vector<std::string> kPayloads = {"one", "two and a bit more", "three", "the fourth one"};

// A spool with one segment of kPayloads; returns the segment's path.
std::string small_spool(const std::string& dir) {
  Writer writer(dir, {"a", ""}, small_segments());
  for (const auto& payload : kPayloads) EXPECT_EQ(writer.append(0, payload), kPending);
  return files(dir, ".seg").front();
}

Fixed fixed_in(const std::string& bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return *fixed_of(header);
}

bool is_original(const std::string& payload) {
  return std::find(kPayloads.begin(), kPayloads.end(), payload) != kPayloads.end();
}

TEST(Damage, AFlippedByteCostsItsRecordOnly) {
  TempDir dir;
  const std::string path = small_spool(dir.path());
  const std::string good = slurp(path);
  std::size_t used = 0;
  const Fixed fixed = fixed_in(good);
  const std::size_t records_begin = records_at(fixed.labels);
  Walk walk(good, fixed, false);
  while (walk.next()) used = walk.position();

  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sizeof(Fixed) + 48; ++i) places.push_back(i);
  for (std::size_t i = 2048; i < 2048 + sizeof(Fixed); ++i) places.push_back(i);
  for (std::size_t i = 4096; i < 4096 + 2 * sizeof(Label); ++i) places.push_back(i);
  for (std::size_t i = records_begin; i < used + 16; ++i) places.push_back(i);
  for (const std::size_t place : places) {
    for (const int mask : {0x01, 0xff}) {
      std::string bad = good;
      bad[place] = static_cast<char>(bad[place] ^ mask);
      spit(path, bad);
      const auto left = pending(dir.path());
      ASSERT_TRUE(std::all_of(left.begin(), left.end(), is_original)) << place;
      const bool in_records = place >= records_begin && place < used;
      ASSERT_GE(left.size(), kPayloads.size() - (in_records ? 1 : 0)) << place;
      // A lost record is counted, unless the damage makes it look like a hole.
      if (in_records) { ASSERT_LE(counted(dir.path(), counter_of(Reason::corrupt)), 1u) << place; }
    }
  }
}

TEST(Damage, ACutFileKeepsWhatIsBeforeTheCut) {
  TempDir dir;
  const std::string path = small_spool(dir.path());
  const std::string good = slurp(path);
  const std::size_t records_begin = records_at(2);
  std::size_t end = records_begin;
  for (const auto& payload : kPayloads) end += record_span(payload.size());
  end -= record_span(kPayloads.back().size()) - sizeof(RecordHead) - kPayloads.back().size();
  for (std::size_t size = 0; size <= records_begin + 200; size += size < records_begin ? 997 : 1) {
    spit(path, good.substr(0, size));
    const auto left = pending(dir.path());
    ASSERT_TRUE(std::all_of(left.begin(), left.end(), is_original)) << size;
    ASSERT_EQ(left.size() == kPayloads.size(), size >= end) << size;
    {
      Writer writer(dir.path(), {"a", ""}, small_segments());
      ASSERT_EQ(writer.append(0, "new"), kPending) << size;
    }
    for (const auto& other : files(dir.path(), ".seg")) {
      if (other != path) std::filesystem::remove(other);
    }
  }
}

TEST(Damage, APlaceThatWasOnlyReservedIsAHole) {
  TempDir dir;
  {
    auto segment = Segment::make(dir.path(), 2, 128u << 10, unix_ms(), Files());
    ASSERT_TRUE(segment);
    const auto label = (*segment)->label("a");
    const auto torn = (*segment)->reserve(record_span(100));
    const auto whole = (*segment)->reserve(record_span(5));
    ASSERT_TRUE(torn && whole);
    ASSERT_TRUE((*segment)->put(*whole, *label, "whole"));
    // A living writer may still fill the first place, so nobody looks behind it yet.
    EXPECT_TRUE(pending(dir.path()).empty());
  }
  EXPECT_EQ(pending(dir.path()), std::vector<std::string>{"whole"});
  EXPECT_EQ(captured(dir.path()), 1u);
}

TEST(Damage, APayloadCannotPretendToBeARecord) {
  TempDir dir;
  const std::size_t records_begin = records_at(2);
  std::string forged;
  {
    Writer writer(dir.path(), {"a", ""}, small_segments());
    ASSERT_EQ(writer.append(0, "victim"), kPending);
    const std::string bytes = slurp(files(dir.path(), ".seg").front());
    forged = bytes.substr(records_begin, record_span(6));
  }
  TempDir other;
  Writer writer(other.path(), {"a", ""}, small_segments());
  ASSERT_EQ(writer.append(0, forged), kPending);
  writer.release();
  const std::string path = files(other.path(), ".seg").front();
  std::string bytes = slurp(path);
  bytes[records_begin] =
      static_cast<char>(bytes[records_begin] ^ 1);  // damages the record around it
  spit(path, bytes);
  EXPECT_TRUE(pending(other.path()).empty());
  EXPECT_EQ(counted(other.path(), counter_of(Reason::corrupt)), 1u);
}

TEST(Damage, AnotherVersionsFilesAreLeftAlone) {
  TempDir dir;
  const std::string path = small_spool(dir.path());
  std::string bytes = slurp(path);
  for (const std::size_t at : {std::size_t{8}, std::size_t{2048 + 8}}) bytes[at] = 2;
  spit(path, bytes);
  EXPECT_TRUE(pending(dir.path()).empty());
  EXPECT_EQ(captured(dir.path()), 0u);
  {
    Writer writer(dir.path(), {"a", ""}, {.segment_bytes = 128u << 10, .age_max_ms = -1'000'000});
    ASSERT_EQ(writer.append(0, "mine"), kPending);
  }
  auto queue = Queue::try_open(dir.path());
  EXPECT_EQ(queue->peek(10, 1000).size(), 1u);
  queue->reclaim();
  EXPECT_EQ(slurp(path), bytes);
}

TEST(Damage, StrangeFilesInTheDirectoryAreIgnored) {
  TempDir dir;
  small_spool(dir.path());
  spit(dir / "README", "hello");
  spit(dir / "01890000-0000-7000-8000-000000000000.seg", "");
  std::filesystem::create_directory(dir / "01890000-0000-7000-8000-000000000001.seg");
  std::filesystem::create_symlink("/dev/zero", dir / "01890000-0000-7000-8000-000000000002.seg");
  spit(dir / "01890000-0000-7000-8000-000000000003.tomb", "x");
  EXPECT_EQ(pending(dir.path()).size(), kPayloads.size());
  EXPECT_EQ(captured(dir.path()), kPayloads.size());
}

}  // namespace
}  // namespace candor::spool
