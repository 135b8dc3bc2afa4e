#include "spool/age.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "platform/files.h"

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
std::string boot_id(Files files) {
  const auto file = files.open("/proc/sys/kernel/random/boot_id", Access::read_through_link);
  std::array<char, 36> text{};
  if (!file) return {};
  const auto read = file->read_at(std::as_writable_bytes(std::span(text)), 0);
  return read ? std::string(text.data(), *read) : std::string();
}

std::optional<Mark> read_mark(const std::string& path, Files files) {
  const auto text = files.read_own(path, kMarkBytesMax);
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
void write_mark(const std::string& path, const Mark& mark, Files files) {
  const std::string text =
      std::to_string(mark.unix_ms) + " " + std::to_string(mark.steady_ms) + " " + mark.boot + "\n";
  const auto file = files.open_own(path, Access::create);
  if (file && file->resize(0)) {
    static_cast<void>(file->write_at(std::as_bytes(std::span(text)), 0));
  }
}

// When a segment was made, by the first of its witnesses that is plausible: its name, its file's
// time of change, and else the first plausible clock that sees it, which becomes the latter.
std::int64_t made_ms(const Inventory::Entry& segment, std::int64_t now, Files files) {
  const auto plausible = [now](std::int64_t ms) {
    return ms >= kPlausibleMs && ms <= now + kAheadMs;
  };
  if (plausible(segment.made_ms)) return segment.made_ms;
  const auto info = files.link_info(segment.path);
  if (!info) return now;
  const std::int64_t changed_ms = info->modified_ns / 1'000'000;
  if (plausible(changed_ms)) return changed_ms;
  if (const auto file = files.open_own(segment.path, Access::change)) file->set_modified(now);
  return now;
}

}  // namespace

void bury_too_old(Inventory& inventory, const std::string& dir, std::int64_t age_max_ms,
                  const Clock& clock, Files files) {
  const std::int64_t unix_ms = clock.unix_ms();
  if (unix_ms < kPlausibleMs) return;
  const auto too_old = [&](const Inventory::Entry& segment) {
    return made_ms(segment, unix_ms, files) < unix_ms - age_max_ms;
  };
  const std::string path = dir + "/" + kAgedFile;
  // Everything is looked at, for each segment needs its first plausible date.
  if (std::count_if(inventory.segments.begin(), inventory.segments.end(), too_old) == 0) {
    static_cast<void>(files.remove(path));
    return;
  }
  const Mark now{unix_ms, clock.steady_ms(), boot_id(files)};
  const std::optional<Mark> mark = read_mark(path, files);
  if (!mark || now.unix_ms < mark->unix_ms) {
    write_mark(path, now, files);
    return;
  }
  const std::int64_t wait_ms = age_max_ms / kAgedParts;
  if (now.unix_ms - mark->unix_ms < wait_ms) return;
  // In one run of the machine the clock that never jumps must agree.
  const bool same_run = !now.boot.empty() && now.boot == mark->boot;
  if (same_run && now.steady_ms - mark->steady_ms < wait_ms) return;
  inventory.bury(too_old, counter_of(Reason::too_old));
  static_cast<void>(files.remove(path));
}

}  // namespace candor::spool
