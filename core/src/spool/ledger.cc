// The ledger: sums over segments, tombs and the file they are folded into; and the purge.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "spool/bury.h"

namespace candor::spool {
namespace {

constexpr std::string_view kFirstLine = "candor-ledger 1\n";
constexpr std::size_t kLedgerBytesMax = 8u << 20;
constexpr int kPurgeTriesMax = 50;
constexpr long kPurgeTryNs = 2'000'000;

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

void add(std::map<std::string, Counts>& to, const Image& image, Counter corrupt) {
  const auto sums = totals(image, kPending, corrupt);
  for (std::size_t i = 0; i < kLabelsMax; ++i) {
    if (sums[i] != Counts{}) add(to[std::string(label_name(image.front().labels[i]))], sums[i]);
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

Ledger read_ledger(const std::string& dir) {
  const auto text = file::read(ledger_path(dir), kLedgerBytesMax);
  return text ? parse_ledger(*text) : Ledger{};
}

// Held while tombs are folded; invalid when another process holds it.
Fd lock_ledger(const std::string& dir) {
  auto fd = file::open(dir + "/ledger.lock", O_RDWR | O_CREAT);
  return fd && file::try_lock(fd->get()) ? std::move(*fd) : Fd();
}

// Writes the totals of a segment that a living process holds beside it, and takes its name away.
void purge_live(const std::string& path, Image& image, Counter reason, Counter corrupt) {
  const auto sums = totals(image, reason, corrupt);
  Front tomb = image.front();
  tomb.header.state = State::tomb;
  for (std::size_t i = 0; i < kLabelsMax; ++i) tomb.labels[i].totals = sums[i];
  const std::string tomb_path = path.substr(0, path.size() - std::string_view("seg").size()) + "tomb";
  // Without room for the totals the bytes go all the same: a wish to leave outranks a count.
  static_cast<void>(file::write_atomic(
      tomb_path, std::string_view(reinterpret_cast<const char*>(&tomb), sizeof tomb)));
  const State purged = State::purged;
  static_cast<void>(file::write_at(image.fd.get(), std::as_bytes(std::span(&purged, 1)),
                                   offsetof(Header, state)));
  file::remove(path);
}

}  // namespace

void fold_tombs(const std::string& dir) {
  const Fd lock = lock_ledger(dir);
  if (!lock.valid()) return;
  const Inventory inventory(dir);
  if (inventory.tombs.empty()) return;
  Ledger ledger = read_ledger(dir);
  std::set<std::string, std::less<>> merged;
  for (const auto& tomb : inventory.tombs) {
    merged.insert(tomb.id);
    if (ledger.merged.contains(tomb.id)) continue;
    if (const auto image = read_segment(tomb.path, false)) add(ledger.labels, *image, kPending);
  }
  ledger.merged = std::move(merged);
  if (!file::write_atomic(ledger_path(dir), format_ledger(ledger))) return;
  for (const auto& tomb : inventory.tombs) file::remove(tomb.path);
}

Tally tally(const std::string& dir) {
  // Segments, then tombs, then the ledger: what moves meanwhile is met again further on,
  // and the later place counts.
  struct Seen {
    std::map<std::string, Counts> labels;
  };
  std::map<std::string, Seen> seen;
  Tally tally;
  const auto look = [&](const std::vector<Inventory::File>& files, bool count_size) {
    for (const auto& file : files) {
      const auto image = read_segment(file.path, file.path.ends_with(".seg"));
      if (!image) continue;
      Seen of_file;
      add(of_file.labels, *image, counter_of(Reason::corrupt));
      seen[file.id] = std::move(of_file);
      if (!count_size) continue;
      tally.bytes += image->bytes.size();
      ++tally.segments;
    }
  };
  look(Inventory(dir).segments, true);
  look(Inventory(dir).tombs, false);
  const Ledger ledger = read_ledger(dir);
  for (const auto& id : ledger.merged) seen.erase(id);
  tally.labels = ledger.labels;
  for (const auto& [id, of_file] : seen) {
    for (const auto& [name, counts] : of_file.labels) add(tally.labels[name], counts);
  }
  return tally;
}

void for_each_pending(const std::string& dir,
                      const std::function<void(std::string_view payload)>& each) {
  for (const auto& file : Inventory(dir).segments) {
    const auto image = read_segment(file.path, true);
    if (!image || image->front().header.state == State::tomb) continue;
    Walk walk(image->bytes, image->fixed.seed, image->live);
    while (const auto record = walk.next()) {
      if (record->counter == kPending) each(record->payload);
    }
  }
}

std::uint64_t purge(const std::string& dir) {
  constexpr Counter reason = counter_of(Reason::opted_out);
  std::uint64_t purged = 0;
  Fd lock = lock_ledger(dir);
  for (int i = 0; i < kPurgeTriesMax && !lock.valid(); ++i) {
    const timespec pause{0, kPurgeTryNs};
    ::nanosleep(&pause, nullptr);
    lock = lock_ledger(dir);
  }
  file::remove(dir + "/" + kSetAsideFile);
  for (const auto& file : Inventory(dir).segments) {
    auto image = read_segment(file.path, true);
    if (!image) continue;
    Walk walk(image->bytes, image->fixed.seed, image->live);
    while (const auto record = walk.next()) {
      if (record->counter == kPending) ++purged;
    }
    if (image->live || !bury(file.path, *image, reason)) {
      purge_live(file.path, *image, reason, counter_of(Reason::corrupt));
    }
  }
  return purged;
}

}  // namespace candor::spool
