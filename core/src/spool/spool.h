// The crash-safe spool: a directory of segments of opaque, labelled records.
// docs/spool-format.md describes the bytes. A Writer appends without ever
// waiting for another process; a Queue is the one reader that settles records;
// a tally adds up the ledger. Any process may hold any of them at any time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "candor/outcome.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/waiting.h"

namespace candor::spool {

// Counters and record dispositions share the numbering of candor/outcome.h: pending, delivered,
// and above them the numbers of candor::Code and candor::Reason, which the spool only counts.
using Counter = std::uint8_t;
inline constexpr Counter kPending = 0;
inline constexpr Counter kDelivered = 1;
[[nodiscard]] constexpr Counter counter_of(Reason reason) noexcept {
  return static_cast<Counter>(reason);
}
inline constexpr std::size_t kCountersMax = kOutcomes.size();
static_assert(kOutcomes[kPending].name == "pending" && kOutcomes[kDelivered].name == "delivered");

inline constexpr std::size_t kRecordBytesMax = 1u << 20;
inline constexpr std::size_t kLabelBytesMax = 63;

struct Limits {
  std::uint64_t segment_bytes = 1u << 20;
  std::uint64_t bytes_max = 64u << 20;
  std::uint32_t files_max = 256;
  std::int64_t age_max_ms = std::int64_t{30} * 86'400'000;
};

struct Clock {
  std::function<std::int64_t()> unix_ms = candor::unix_ms;      // may jump
  std::function<std::int64_t()> steady_ms = candor::steady_ms;  // never does
};

using Counts = std::array<std::uint64_t, kCountersMax>;
struct Tally {
  std::map<std::string, Counts> labels;
  std::uint64_t bytes = 0;  // on disk
  std::uint32_t segments = 0;
};

class Writer {
 public:
  // `hooks` run around what may wait for the disk, except in tend and release.
  // Touches nothing on disk until the first append or count. `labels` (each at most
  // kLabelBytesMax) name what is counted; label i of append and count is labels[i]. `wanted` is
  // asked before a segment is taken; without it the answer is yes.
  Writer(std::string dir, std::vector<std::string> labels, Limits limits, WaitHooks hooks = {},
         Clock clock = {}, Files files = {}, std::function<bool()> wanted = {});
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Keeps `payload` as one record; returns kPending when it is kept, else the reason it
  // was dropped for (counted, where a segment can hold the count). opted_out, not counted: it was
  // not wanted any more. Any thread.
  Counter append(std::uint32_t label, std::string_view payload) noexcept;
  // Adds one to a label's counter. Any thread.
  void count(std::uint32_t label, Counter counter) noexcept;
  // To be called about once a second, before an append. Notices that the segment's file was
  // removed, and brings what waited in it to a new one unless it was purged; ends a segment that
  // was purged or has grown old, for age is told by the segment.
  void tend() noexcept;
  // Ends the segment: it is anyone's then. A later append starts another. What waits in a
  // segment whose file was removed is brought to another first, but for `withdrawn`.
  void release(bool withdrawn = false) noexcept;
  // Adds the counts of this process that no segment could hold yet, for want of a disk. They go to
  // its next segment; if the process ends first, they are lost.
  void add_unwritten(Tally& tally) const;
  // What the disk said last, for a log line; empty when nothing failed.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Record {
  std::string_view payload;
  std::uint32_t segment = 0;  // which of the queue's segments
  std::uint32_t offset = 0;   // where in it
};

// How far an uploader's exchange with its server is.
enum class Exchange : char {
  none = '-',
  under_way = 'u',
  answered = 'a',
  cut = 'c',  // ended by a withdrawal when a part of the request, at least, had been written
};

// The consumer's side. At most one process holds a Queue of a spool at a time.
class Queue {
 public:
  // Nothing when another process holds it; taken over when the holder dies.
  [[nodiscard]] static std::unique_ptr<Queue> try_open(const std::string& dir, Files files = {});
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // The oldest unsettled records, in order: at least one if there is any, then up to the
  // limits. Corrupt records are settled as such and left out. The views live
  // until the next peek. Records already peeked and not settled come again.
  [[nodiscard]] std::span<const Record> peek(std::size_t count_max, std::size_t bytes_max);
  // Says what became of records of the last peek. Survives kill -9 after it returned.
  // False when the disk would not take it: they will come again.
  bool settle(std::span<const Record> records, Counter counter);
  // Says how far the exchange with the server is, for a process that withdraws consent.
  void note(Exchange exchange) noexcept;
  // Lets go of the last peek and folds the counts of buried segments into the ledger.
  // (peek itself buries segments that are settled whole and whose writer is gone.)
  void reclaim();

 private:
  struct Impl;
  explicit Queue(std::unique_ptr<Impl>) noexcept;
  std::unique_ptr<Impl> impl_;
};

// The ledger: what every label's records became, since the spool began. Writes nothing.
[[nodiscard]] Tally tally(const std::string& dir, Files files = {});

// Calls `each` with the payloads waiting, oldest first. Writes nothing.
void for_each_pending(const std::string& dir,
                      const std::function<void(std::string_view payload)>& each, Files files = {});

// Whether anything waits, and how much.
[[nodiscard]] bool is_pending(const std::string& dir, Files files = {});
[[nodiscard]] std::uint64_t count_pending(const std::string& dir, Files files = {});

// A file in the directory where the owner keeps what it gave up on; a purge removes it too.
inline constexpr char kSetAsideFile[] = "refused.jsonl";

struct Purge {
  std::uint64_t records = 0;  // that waited, of the files that could be read
  std::string problem;        // the first file or directory that may still hold records, and why
  void add(const Purge& other) {
    records += other.records;
    if (problem.empty()) problem = other.problem;
  }
};
// Empties the spool because consent was withdrawn: what waits is counted as opted_out and its
// bytes are overwritten, those in segments still being written too. A writer leaves such a segment
// with its next append; a record that it puts meanwhile is counted as opted_out. What can't be
// read, or is another user's, is removed uncounted.
Purge purge(const std::string& dir, Files files = {});
// Removes a file for a purge, which says so when it could not.
void purge_file(const std::string& path, Purge& purge, Files files);

// What became of an upload when consent was withdrawn.
enum class Halt : std::uint8_t {
  idle,     // none was under way
  stopped,  // it ended, and nothing of a request was written meanwhile
  sent,     // it ended, but a request was written, in part at least: the server may have read it
  running,  // it did not end in time
};
// Waits until no process uploads this spool, at most until `deadline_ms` of steady time, and purges
// it, holding off uploaders meanwhile. The choice must be written already: an uploader looks at it
// every few milliseconds and ends.
Halt withdraw(const std::string& dir, std::int64_t deadline_ms, Purge& purged, Files files = {});

}  // namespace candor::spool
