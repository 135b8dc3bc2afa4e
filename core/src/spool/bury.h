// What is in a spool directory, and how segments leave it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "spool/format.h"

namespace candor::spool {

// The files of a spool, oldest first.
struct Inventory {
  struct File {
    std::string path;
    std::string id;
    std::int64_t made_ms = 0;
  };

  explicit Inventory(const std::string& dir);

  // Removes segments that were never finished, but for those just begun.
  void remove_abandoned(std::int64_t unix_ms);
  // Buries what no writer holds: what is older than a time, and the oldest until `bytes` more
  // fit. The second answers whether they do.
  void bury_older_than(std::int64_t made_ms);
  [[nodiscard]] bool make_room(std::uint64_t bytes, std::uint64_t bytes_max,
                               std::uint32_t files_max);

  std::vector<File> segments;
  std::vector<File> tombs;
  std::vector<File> temporaries;
};

// A segment's file, read whole.
struct Image {
  Fd fd;
  bool live = false;  // a writer holds it; else we hold its lock, until `fd` is closed
  Fixed fixed;
  std::string bytes;

  [[nodiscard]] const Front& front() const noexcept {
    return *reinterpret_cast<const Front*>(bytes.data());
  }
};
// Nothing when it is gone or no segment of this version. With `lock`, its lock is taken if free.
[[nodiscard]] std::optional<Image> read_segment(const std::string& path, bool lock);

// Per label index: its counters plus its records; damage counts under label 0. What is pending
// counts as `pending_as`.
[[nodiscard]] std::array<Counts, kLabelsMax> totals(const Image& image, Counter pending_as,
                                                    Counter corrupt);
// Buries a segment whose lock `image` holds. False when the disk refused.
bool bury(const std::string& path, const Image& image, Counter pending_as);

// Adds the tombs to the ledger and removes them. Does nothing while another process does it.
void fold_tombs(const std::string& dir);

}  // namespace candor::spool
