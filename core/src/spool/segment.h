// One segment as its writer holds it: locked, allocated, and mapped (or, where
// the file system can't promise space, kept in memory and written through).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/files.h"
#include "platform/mapping.h"
#include "spool/format.h"

namespace candor::spool {

class Segment {
 public:
  // Makes a segment of `file_bytes` in `dir`. The lock is held when it appears.
  [[nodiscard]] static Expected<std::unique_ptr<Segment>> make(const std::string& dir,
                                                               std::size_t labels,
                                                               std::uint64_t file_bytes,
                                                               std::int64_t unix_ms, Files files);
  // Takes over an open segment whose writer is gone, if it has `room` and the label, or a place for
  // it; null when it can't be had. Seals one whose labels are used up.
  [[nodiscard]] static std::unique_ptr<Segment> reuse(const std::string& path, std::uint64_t room,
                                                      std::string_view label, Files files);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  // Takes `bytes` (a record_span) at the end, or nothing when there is no room. One thread at a
  // time.
  [[nodiscard]] std::optional<std::uint64_t> reserve(std::uint64_t bytes) noexcept;
  // Writes a record where it was reserved. Returns false when the disk refused (write-through
  // only).
  bool put(std::uint64_t at, std::uint16_t label, std::string_view payload) noexcept;
  // The index of a label, made if need be; nothing when the table is full. One thread at a time.
  [[nodiscard]] std::optional<std::uint16_t> label(std::string_view name) noexcept;
  // Erases a record that was put after the segment was purged.
  void erase(std::uint64_t at, std::size_t payload_bytes) noexcept;
  void count(std::uint16_t label, Counter counter, std::uint64_t n) noexcept;
  // Makes the pages of a range present, and some behind it: one longer wait, where a wait is
  // expected, instead of a page fault every few records. Worth it where `lacks_pages` says so.
  void populate(std::uint64_t from, std::uint64_t to) noexcept;
  [[nodiscard]] bool lacks_pages(std::uint64_t to) const noexcept;
  // All pages, for a writer that will fill them.
  void populate() noexcept;
  // Whether every change is a write to the file, which may wait for the disk.
  [[nodiscard]] bool writes_through() const noexcept { return write_through_; }
  // Ends the segment and gives back the space behind its last record. Other threads may still be
  // putting records where they reserved.
  void seal() noexcept;
  // Where there is no mapping: takes over what other processes settled in the file. Only while no
  // thread puts records.
  void reread() noexcept;
  // Turns the segment, whose pending records are somewhere else now, into the tomb of the rest:
  // final totals by label index.
  void entomb(const std::vector<Counts>& totals) noexcept;
  // In a forked child: the lock is the parent's.
  void disown() noexcept { file_.disown(); }

  // Where the file is: under the path that it was opened by; deleted; or under another path,
  // because a directory above it was renamed.
  enum class Whereabouts : std::uint8_t { here, deleted, moved };
  [[nodiscard]] Whereabouts whereabouts() const noexcept;
  // What the spool says of it.
  [[nodiscard]] State state() const noexcept;
  // Whether records take up most of it.
  [[nodiscard]] bool mostly_full() const noexcept { return next_ > fixed_.file_bytes / 2; }
  [[nodiscard]] const Fixed& fixed() const noexcept { return fixed_; }
  [[nodiscard]] const Label& label_entry(std::size_t index) const noexcept {
    return label_ref(index);
  }
  // All bytes, for a walk.
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(base_), fixed_.file_bytes};
  }

 private:
  // Takes an open file whose lock is held.
  Segment(File file, std::string path, const Fixed& fixed) noexcept
      : file_(std::move(file)), path_(std::move(path)), fixed_(fixed) {}
  // Reserves the disk space and maps it, or sets up what stands in for the mapping.
  [[nodiscard]] Done map() noexcept;
  [[nodiscard]] Header& header() const noexcept { return *reinterpret_cast<Header*>(base_); }
  [[nodiscard]] Label& label_ref(std::size_t index) const noexcept {
    return *reinterpret_cast<Label*>(base_ + label_at(index));
  }
  // Brings a change to the file where there is no mapping.
  bool write_through(const void* at, std::size_t bytes) noexcept;

  File file_;
  Files files_;
  const std::string path_;
  Mapping mapping_;
  std::byte* base_ = nullptr;  // of the mapping
  const Fixed fixed_;
  std::uint64_t next_ = 0;
  std::atomic<std::uint64_t> populated_ = 0;
  bool write_through_ = false;
};

}  // namespace candor::spool
