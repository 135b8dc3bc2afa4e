// A damaged segment in a spool: reading it never crashes, and a record that was
// whole and untouched is found. The input is a segment's bytes, or (first byte
// odd) the damage to do to a good one.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz.h"
#include "spool/format.h"
#include "spool/spool.h"

using candor::fuzz::Input;
using candor::fuzz::require;
namespace spool = candor::spool;

namespace {

// Makes one good segment, with some records in it, by the writer's own hand.
struct Good {
  std::string name, bytes;
  static constexpr std::size_t kRecords = 12;

  Good() {
    const candor::fuzz::Scratch scratch;
    {
      spool::Limits limits;
      limits.segment_bytes = 128u << 10;
      spool::Writer writer(scratch.path(), {"one", "two"}, limits);
      for (std::size_t i = 0; i < kRecords; ++i) {
        const std::string payload(1 + i * i * 7, static_cast<char>('a' + i));
        require(writer.append(i % 2, payload) == spool::kPending, "the writer keeps a record");
      }
      writer.count(0, 3);
    }
    for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
      name = entry.path().filename().string();
      if (spool::parse_name(name).kind != spool::Name::Kind::segment) continue;
      bytes.resize(entry.file_size());
      std::FILE* file = std::fopen(entry.path().c_str(), "rb");
      require(std::fread(bytes.data(), 1, bytes.size(), file) == bytes.size(), "it can be read");
      std::fclose(file);
      return;
    }
    require(false, "the writer makes a segment");
  }
};

// Overwrites, copies about, or truncates. Returns the damaged bytes.
std::string damage(const Good& good, Input& input) {
  std::string bytes = good.bytes;
  while (!input.empty()) {
    const auto kind = input.byte();
    // Most of a segment is zeros; half of the aim is at its header and first records.
    const std::uint64_t wide = input.word();
    const std::uint64_t base = (kind & 4) ? spool::records_at(2) : 0;
    const std::size_t at =
        static_cast<std::size_t>((kind & 8) ? wide : base + wide % 4096) % bytes.size();
    if ((kind & 3) == 0 && at > 0) {
      bytes.resize(at);
    } else {
      const std::string_view patch = input.text();
      bytes.replace(at, std::min(patch.size(), bytes.size() - at),
                    patch.substr(0, bytes.size() - at));
    }
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Good good;
  static const candor::fuzz::Scratch scratch;
  Input input(data, size);
  scratch.clear();
  const bool damaged = (input.byte() & 1) != 0;
  const bool untouched = input.empty();
  const std::string bytes = damaged ? damage(good, input) : std::string(input.rest());
  const std::string path = scratch.write(good.name, bytes);

  const spool::Tally tally = spool::tally(scratch.path());
  require(tally.labels.size() <= spool::kSegmentLabelsMax, "no more labels than a table holds");

  std::size_t seen = 0;
  spool::for_each_pending(scratch.path(), [&](std::string_view payload) {
    require(payload.size() <= spool::kRecordBytesMax, "a record is no larger than the largest");
    seen += 1;
  });
  if (damaged && untouched) require(seen == Good::kRecords, "a good segment reads whole");

  const auto queue = spool::Queue::try_open(scratch.path());
  if (!queue) return 0;
  for (std::size_t rounds = 0; rounds < 64; ++rounds) {
    const auto records = queue->peek(4, 1u << 20);
    if (records.empty()) break;
    require(queue->settle(records, spool::kDelivered), "what was read can be settled");
  }
  queue->reclaim();
  return 0;
}
