#include "spool/age.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "platform/file.h"

namespace candor::spool {
namespace {

// Clocks of one machine differ by less; a name may be ahead of the clock by as many segments as
// were made in one millisecond.
constexpr std::int64_t kAheadMs = 60'000;
constexpr std::size_t kMarkBytesMax = 256;

// When segments first seemed too old: by both clocks, and in which run of the machine.
struct Mark {
  std::int64_t unix_ms = 0;
  std::int64_t steady_ms = 0;
  std::string boot;
};

// Differs between two runs of the machine; empty where the system has none.
std::string boot_id() {
  const auto fd = file::open("/proc/sys/kernel/random/boot_id", O_RDONLY);
  std::array<char, 36> text{};
  if (!fd) return {};
  const auto read = file::read_at(fd->get(), std::as_writable_bytes(std::span(text)), 0);
  return read ? std::string(text.data(), *read) : std::string();
}

std::optional<Mark> read_mark(const std::string& path) {
  const auto text = file::read(path, kMarkBytesMax);
  if (!text) return std::nullopt;
  Mark mark;
  const char* const end = text->data() + text->size();
  const auto unix_end = std::from_chars(text->data(), end, mark.unix_ms);
  if (unix_end.ec != std::errc() || unix_end.ptr == end) return std::nullopt;
  const auto steady_end = std::from_chars(unix_end.ptr + 1, end, mark.steady_ms);
  if (steady_end.ec != std::errc() || steady_end.ptr == end) return std::nullopt;
  mark.boot.assign(steady_end.ptr + 1, end);
  if (!mark.boot.ends_with('\n')) return std::nullopt;
  mark.boot.pop_back();
  return mark;
}

// Not synced, for an emit may wait for it: a mark that is lost costs a day.
void write_mark(const std::string& path, const Mark& mark) {
  const std::string text =
      std::to_string(mark.unix_ms) + " " + std::to_string(mark.steady_ms) + " " + mark.boot + "\n";
  const auto fd = file::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (fd) static_cast<void>(file::write_at(fd->get(), std::as_bytes(std::span(text)), 0));
}

// When a segment was made, by the first of its witnesses that is plausible: its name, its file's
// time of change, and else the first plausible clock that sees it, which becomes the latter.
std::int64_t made_ms(const Inventory::File& segment, std::int64_t now) {
  const auto plausible = [now](std::int64_t ms) {
    return ms >= kPlausibleMs && ms <= now + kAheadMs;
  };
  if (plausible(segment.made_ms)) return segment.made_ms;
  struct stat info {};
  if (::lstat(segment.path.c_str(), &info) != 0) return now;
  const std::int64_t changed_ms = std::int64_t{info.st_mtime} * 1000;
  if (plausible(changed_ms)) return changed_ms;
  const timespec seen{static_cast<time_t>(now / 1000), 0};
  const timespec times[2] = {seen, seen};
  ::utimensat(AT_FDCWD, segment.path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  return now;
}

}  // namespace

void bury_too_old(Inventory& inventory, const std::string& dir, std::int64_t age_max_ms,
                  const Clock& clock) {
  const std::int64_t unix_ms = clock.unix_ms();
  if (unix_ms < kPlausibleMs) return;
  const auto too_old = [&](const Inventory::File& segment) {
    return made_ms(segment, unix_ms) < unix_ms - age_max_ms;
  };
  const std::string path = dir + "/" + kAgedFile;
  // Everything is looked at, for each segment needs its first plausible date.
  if (std::count_if(inventory.segments.begin(), inventory.segments.end(), too_old) == 0) {
    file::remove(path);
    return;
  }
  const Mark now{unix_ms, clock.steady_ms(), boot_id()};
  const std::optional<Mark> mark = read_mark(path);
  if (!mark || now.unix_ms < mark->unix_ms) {
    write_mark(path, now);
    return;
  }
  const std::int64_t wait_ms = age_max_ms / kAgedParts;
  if (now.unix_ms - mark->unix_ms < wait_ms) return;
  // In one run of the machine the clock that never jumps must agree.
  const bool same_run = !now.boot.empty() && now.boot == mark->boot;
  if (same_run && now.steady_ms - mark->steady_ms < wait_ms) return;
  inventory.bury(too_old, counter_of(Reason::too_old));
  file::remove(path);
}

}  // namespace candor::spool
