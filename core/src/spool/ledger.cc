// The ledger: sums over segments, tombs and the file they are folded into; and the purge.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "spool/bury.h"

namespace candor::spool {
namespace {

constexpr std::string_view kAnyFirstLine = "candor-ledger ";
constexpr std::string_view kFirstLine = "candor-ledger 1\n";
constexpr std::size_t kLedgerBytesMax = 8u << 20;
constexpr int kPurgeTriesMax = 50;
constexpr std::chrono::milliseconds kPurgeTry{2};

struct Ledger {
  std::set<std::string, std::less<>> merged;
  std::map<std::string, Counts> labels;
};

std::string ledger_path(const std::string& dir) { return dir + "/ledger"; }

std::string hex(std::uint64_t value) {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, value, 16);
  return {text, end.ptr};
}

void add(Counts& to, const Counts& from) noexcept {
  for (std::size_t c = 0; c < kCountersMax; ++c) to[c] += from[c];
}

using Labels = std::map<std::string, Counts>;

void add(Labels& to, const Image& image) {
  const auto sums = totals(image, kPending);
  for (std::size_t i = 0; i < image.fixed.labels; ++i) {
    if (sums[i] != Counts{}) add(to[std::string(label_name(image.label(i)))], sums[i]);
  }
}

// Takes the text up to `mark` (and the mark) off the front.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return head;
}

Ledger parse_ledger(std::string_view text) {
  Ledger ledger;
  const std::size_t end = text.rfind("end ");
  if (!text.starts_with(kFirstLine) || end == std::string_view::npos) return ledger;
  const std::string_view body = text.substr(0, end);
  std::string_view checksum = text.substr(end + 4);
  if (cut(checksum, '\n') != hex(XXH3_64bits(body.data(), body.size()))) return ledger;

  for (std::string_view rest = body.substr(kFirstLine.size()); !rest.empty();) {
    std::string_view line = cut(rest, '\n');
    const std::string_view what = cut(line, ' ');
    if (what == "merged") ledger.merged.emplace(line);
    if (what != "label") continue;
    Counts counts{};
    while (!line.empty() && line.front() >= '0' && line.front() <= '9') {
      std::string_view pair = cut(line, ' ');
      const std::string_view counter = cut(pair, '=');
      std::size_t c = kCountersMax;
      std::uint64_t n = 0;
      std::from_chars(counter.data(), counter.data() + counter.size(), c);
      std::from_chars(pair.data(), pair.data() + pair.size(), n);
      if (c < kCountersMax) counts[c] = n;
    }
    if (line.starts_with('=')) line.remove_prefix(1);
    add(ledger.labels[std::string(line)], counts);
  }
  return ledger;
}

std::string format_ledger(const Ledger& ledger) {
  std::string text(kFirstLine);
  for (const std::string& id : ledger.merged) text.append("merged ").append(id).append("\n");
  for (const auto& [name, counts] : ledger.labels) {
    text.append("label");
    for (std::size_t c = 0; c < kCountersMax; ++c) {
      if (counts[c] == 0) continue;
      text.append(" ").append(std::to_string(c)).append("=").append(std::to_string(counts[c]));
    }
    // The name stands last and behind '=', so that it may hold anything but a line's end.
    text.append(" =").append(name).append("\n");
  }
  return text + "end " + hex(XXH3_64bits(text.data(), text.size())) + "\n";
}

// Nothing when it can't be read now, or a newer version wrote it: then it is not ours to replace.
std::optional<Ledger> read_ledger(const std::string& dir, Files files) {
  const auto text = files.read_own(ledger_path(dir), kLedgerBytesMax);
  if (!text) return text.error().code == ENOENT ? std::optional(Ledger{}) : std::nullopt;
  if (text->starts_with(kAnyFirstLine) && !text->starts_with(kFirstLine)) return std::nullopt;
  return parse_ledger(*text);
}

// Held while tombs are folded; not locked() while another process does it.
File lock_ledger(const std::string& dir, Files files) { return files.lock(dir + "/ledger.lock"); }

}  // namespace

void fold_tombs(const std::string& dir, Files files) {
  const File lock = lock_ledger(dir, files);
  if (!lock.locked()) return;
  const Inventory inventory(dir, files);
  if (inventory.tombs.empty()) return;
  auto ledger = read_ledger(dir, files);
  if (!ledger) return;
  std::set<std::string, std::less<>> merged;
  std::vector<std::string> folded;
  for (const auto& tomb : inventory.tombs) {
    if (!ledger->merged.contains(tomb.id)) {
      const auto image = read_segment(tomb.path, false, files);
      if (!image) continue;  // not now, or not ours to read
      add(ledger->labels, *image);
    }
    merged.insert(tomb.id);
    folded.push_back(tomb.path);
  }
  ledger->merged = std::move(merged);
  if (!files.write_atomic(ledger_path(dir), format_ledger(*ledger))) return;
  for (const std::string& path : folded) static_cast<void>(files.remove(path));
}

Tally tally(const std::string& dir, Files files) {
  // Segments, then tombs, then the ledger: what moves meanwhile is met again further on,
  // and the later place counts.
  std::map<std::string, Labels> seen;  // by the segment's id
  Tally tally;
  for (const auto& segment : Inventory(dir, files).segments) {
    const auto image = read_segment(segment.path, true, files);
    if (!image) continue;
    add(seen[segment.id], *image);
    tally.bytes += image->bytes.size();
    ++tally.segments;
  }
  for (const auto& tomb : Inventory(dir, files).tombs) {
    const auto image = read_segment(tomb.path, false, files);
    if (!image) continue;
    seen[tomb.id].clear();
    add(seen[tomb.id], *image);
  }
  if (auto ledger = read_ledger(dir, files)) {
    for (const auto& id : ledger->merged) seen.erase(id);
    tally.labels = std::move(ledger->labels);
  }
  for (const auto& [id, labels] : seen) {
    for (const auto& [name, counts] : labels) add(tally.labels[name], counts);
  }
  return tally;
}

namespace {

// Until `each` answers false.
template <typename Each>
void walk_pending(const std::vector<Inventory::Entry>& segments, Files files, Each each) {
  for (const auto& file : segments) {
    const auto image = read_segment(file.path, true, files);
    if (!image || image->state() == State::tomb || image->state() == State::purged) continue;
    Walk walk(image->bytes, image->fixed, image->live);
    while (const auto record = walk.next()) {
      if (record->counter == kPending && !each(record->payload)) return;
    }
  }
}

}  // namespace

void for_each_pending(const std::string& dir,
                      const std::function<void(std::string_view payload)>& each, Files files) {
  walk_pending(Inventory(dir, files).segments, files, [&](std::string_view payload) {
    each(payload);
    return true;
  });
}

bool is_pending(const std::string& dir, Files files) {
  Inventory inventory(dir, files);
  // The newest is the likeliest to hold one.
  std::reverse(inventory.segments.begin(), inventory.segments.end());
  bool found = false;
  walk_pending(inventory.segments, files, [&](std::string_view) {
    found = true;
    return false;
  });
  return found;
}

std::uint64_t count_pending(const std::string& dir, Files files) {
  std::uint64_t count = 0;
  walk_pending(Inventory(dir, files).segments, files, [&](std::string_view) {
    ++count;
    return true;
  });
  return count;
}

void purge_file(const std::string& path, Purge& purge, Files files) {
  const auto removed = files.remove(path);
  if (removed || removed.error().code == ENOENT || !purge.problem.empty()) return;
  purge.problem = removed.error().text;
}

Purge purge(const std::string& dir, Files files) {
  Purge purge;
  const auto names = files.list(dir);
  if (!names) {
    purge.problem = names.error().text;
    return purge;
  }
  for (const std::string& name : *names) {
    // Also what a writer of the file left behind when it was killed.
    if (name.starts_with(kSetAsideFile)) purge_file(dir + "/" + name, purge, files);
  }
  // Off means off: nothing is written, no lock's file either, where there is nothing to purge.
  if (const Inventory before(dir, files);
      before.listed && before.segments.empty() && before.temporaries.empty()) {
    return purge;
  }
  // One purge at a time: one that buries a segment holds its lock, and would pass for its writer.
  File lock = lock_ledger(dir, files);
  for (int i = 0; i < kPurgeTriesMax && !lock.locked(); ++i) {
    std::this_thread::sleep_for(kPurgeTry);
    lock = lock_ledger(dir, files);
  }
  const Inventory inventory(dir, files);
  if (!inventory.listed && purge.problem.empty()) purge.problem = "cannot list " + dir;
  for (const auto& temporary : inventory.temporaries) {
    // A segment that is being made holds no record yet, and its maker needs it.
    if (temporary.id.empty()) purge_file(temporary.path, purge, files);
  }
  for (const auto& segment : inventory.segments) {
    auto image = read_segment(segment.path, true, files);
    if (!image) {
      if (!is_of_other_version(segment.path, files)) purge_file(segment.path, purge, files);
      continue;
    }
    // It is being buried, by an uploader or to make room.
    if (image->live && image->state() == State::tomb) continue;
    if (image->state() != State::purged) {
      Walk walk(image->bytes, image->fixed, image->live);
      while (const auto record = walk.next()) {
        if (record->counter == kPending) ++purge.records;
      }
    }
    const bool emptied = image->live
                             ? purge_live(*image)
                             : bury(segment.path, *image, counter_of(Reason::opted_out), files);
    // A wish to leave outranks a count.
    if (!emptied) purge_file(segment.path, purge, files);
  }
  return purge;
}

}  // namespace candor::spool
