// What is in a spool directory, and how segments leave it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "platform/files.h"
#include "spool/format.h"

namespace candor::spool {

inline constexpr char kUploaderLock[] = "/uploader.lock";

// The files of a spool, oldest first.
struct Inventory {
  struct Entry {
    std::string path;
    std::string id;
    std::int64_t made_ms = 0;
  };

  Inventory(const std::string& dir, Files files);

  // Removes segments that were never finished, but for those just begun.
  void remove_abandoned(std::int64_t unix_ms);
  // Buries those of the segments chosen that no writer holds.
  void bury(const std::function<bool(const Entry&)>& chosen, Counter pending_as);
  // Buries the oldest segments that no writer holds until `bytes` more fit the limits. Segments of
  // living processes don't count where nothing else could make room: they come on top, one each.
  // Answers whether there is room.
  [[nodiscard]] bool make_room(std::uint64_t bytes, std::uint64_t bytes_max,
                               std::uint32_t files_max);

  bool listed = false;  // false when the directory can't be read: nothing is known of it
  std::vector<Entry> segments;
  std::vector<Entry> tombs;
  std::vector<Entry> temporaries;

 private:
  Files files_;
};

// A segment's file, read whole.
struct Image {
  File file;
  bool live = false;  // a writer may hold it; else we hold its lock
  Fixed fixed;
  std::string bytes;  // at least the header and the label table

  [[nodiscard]] State state() const noexcept {
    return reinterpret_cast<const Header*>(bytes.data())->state;
  }
  [[nodiscard]] const Label& label(std::size_t index) const noexcept {
    return *reinterpret_cast<const Label*>(bytes.data() + label_at(index));
  }
};
// Nothing when it is gone or no segment of this version. With `lock`, its lock is taken if free.
[[nodiscard]] std::optional<Image> read_segment(const std::string& path, bool lock, Files files);

// Per label index: its counters plus its records; damage counts under label 0. What is pending
// counts as `pending_as`, and as opted_out in a purged segment.
[[nodiscard]] std::vector<Counts> totals(const Image& image, Counter pending_as);
// Buries a segment whose lock `image` holds. False when the disk refused.
bool bury(const std::string& path, const Image& image, Counter pending_as, Files files);

// Empties a segment that a living writer holds: marks it purged, which its writer heeds at its next
// append, and erases the records that are in it. Each keeps its place and is counted as opted_out
// from now on. False when the disk refused.
bool purge_live(const Image& image);
// Erases, in the open file, the records of a segment that is marked purged.
bool erase_records(const File& file, const Fixed& fixed);
// Whether the file is a segment of a version that this one doesn't understand.
[[nodiscard]] bool is_of_other_version(const std::string& path, Files files);

// Where a segment's tomb is.
[[nodiscard]] std::string tomb_path(const std::string& segment_path);

// Adds the tombs to the ledger and removes them. Does nothing while another process does it.
void fold_tombs(const std::string& dir, Files files);

}  // namespace candor::spool
