#include "spool/bury.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace candor::spool {
namespace {

// Making a segment takes a millisecond; one unfinished for so long has no maker any more.
constexpr std::int64_t kAbandonedMs = 60'000;

std::uint64_t disk_bytes(const std::string& path, Files files) {
  const auto info = files.link_info(path);
  return info ? info->bytes : 0;
}

// Whether nobody will ever read it: no segment at all, of any version, and no writer's.
bool is_rubbish(const std::string& path, Files files) {
  auto file = files.open_own(path, Access::change);
  if (!file || !file->try_lock()) return false;
  Header header{};
  const auto read = file->read_at(std::as_writable_bytes(std::span(&header, 1)), 0);
  return read && !is_foreign(header) && !fixed_of(header);
}

enum class Burial : std::uint8_t { done, live, refused };

Burial bury_at(const std::string& path, Counter pending_as, Files files) {
  const auto image = read_segment(path, true, files);
  if (!image) {
    return is_rubbish(path, files) && files.remove(path) ? Burial::done : Burial::refused;
  }
  // A full segment has no writer: whoever holds it is uploading it, or burying it already.
  if (image->live) return image->state() != State::sealed ? Burial::live : Burial::refused;
  return bury(path, *image, pending_as, files) ? Burial::done : Burial::refused;
}

}  // namespace

Inventory::Inventory(const std::string& dir, Files files) : files_(files) {
  const auto names = files.list(dir);
  if (!names) return;
  listed = true;
  for (const std::string& file_name : *names) {
    const Name name = parse_name(file_name);
    std::vector<Entry>* const of_kind = name.kind == Name::Kind::segment     ? &segments
                                        : name.kind == Name::Kind::tomb      ? &tombs
                                        : name.kind == Name::Kind::temporary ? &temporaries
                                                                             : nullptr;
    if (of_kind == nullptr) continue;
    of_kind->push_back({dir + "/" + file_name, std::string(name.id), name.made_ms});
  }
}

void Inventory::remove_abandoned(std::int64_t unix_ms) {
  for (const Entry& temporary : temporaries) {
    auto file = files_.open_own(temporary.path, Access::change);
    if (!file) continue;
    const auto info = file->info();
    if (!info) continue;
    // Its maker may not have locked it yet.
    const std::int64_t made_ms = info->modified_ns / 1'000'000;
    if (std::abs(unix_ms - made_ms) >= kAbandonedMs && file->try_lock()) {
      static_cast<void>(files_.remove(temporary.path));
    }
  }
}

void Inventory::bury(const std::function<bool(const Entry&)>& chosen, Counter pending_as) {
  std::erase_if(segments, [&](const Entry& segment) {
    return chosen(segment) && bury_at(segment.path, pending_as, files_) == Burial::done;
  });
}

bool Inventory::make_room(std::uint64_t bytes, std::uint64_t bytes_max, std::uint32_t files_max) {
  std::uint64_t used = 0;
  std::size_t files = segments.size();
  for (const Entry& segment : segments) used += disk_bytes(segment.path, files_);
  for (const Entry& tomb : tombs) used += disk_bytes(tomb.path, files_);
  const auto fits = [&] { return used + bytes <= bytes_max && files < files_max; };
  for (const Entry& segment : segments) {
    if (fits()) break;
    const std::uint64_t freed = disk_bytes(segment.path, files_);
    if (bury_at(segment.path, counter_of(Reason::spool_full), files_) == Burial::refused) continue;
    used -= std::min(freed, used);
    --files;
  }
  return fits();
}

std::optional<Image> read_segment(const std::string& path, bool lock, Files files) {
  auto file = files.open_own(path, lock ? Access::change : Access::read);
  // On a read-only disk what waits can still be looked at.
  if (!file && lock && file.error().code != ENOENT) file = files.open_own(path, Access::read);
  if (!file) return std::nullopt;
  Image image;
  // Without the lock nobody can say that no writer is at work.
  image.live = !(lock && file->try_lock());
  image.file = std::move(*file);
  const auto info = image.file.info();
  if (!info || info->names == 0 || info->bytes > kSegmentBytesMax) return std::nullopt;
  image.bytes.resize(static_cast<std::size_t>(info->bytes));
  const auto read = image.file.read_at(std::as_writable_bytes(std::span(image.bytes)), 0);
  if (!read) return std::nullopt;
  image.bytes.resize(*read);
  if (*read < sizeof(Header)) return std::nullopt;
  const auto fixed = fixed_of(*reinterpret_cast<const Header*>(image.bytes.data()));
  if (!fixed || *read < records_at(fixed->labels)) return std::nullopt;
  image.fixed = *fixed;
  // A purge that took the burial for a living writer may have marked it since.
  if (path.ends_with(".tomb")) {
    const State tomb = State::tomb;
    std::memcpy(image.bytes.data() + offsetof(Header, state), &tomb, sizeof tomb);
  }
  return image;
}

std::vector<Counts> totals(const Image& image, Counter pending_as) {
  std::vector<Counts> sums(std::max<std::size_t>(image.fixed.labels, 1), Counts{});
  for (std::size_t i = 0; i < image.fixed.labels; ++i) {
    sums[i] = image.state() == State::tomb ? image.label(i).totals : image.label(i).counts;
  }
  if (image.state() == State::tomb) return sums;
  if (image.state() == State::purged) pending_as = counter_of(Reason::opted_out);
  Walk walk(image.bytes, image.fixed, image.live);
  while (const auto record = walk.next()) {
    const std::size_t label = record->label < sums.size() ? record->label : 0;
    ++sums[label][record->counter == kPending ? pending_as : record->counter];
  }
  sums[0][counter_of(Reason::corrupt)] += walk.corrupt();
  return sums;
}

bool bury(const std::string& path, const Image& image, Counter pending_as, Files files) {
  const File& file = image.file;
  if (image.state() != State::tomb) {
    const auto sums = totals(image, pending_as);
    for (std::size_t i = 0; i < image.fixed.labels; ++i) {
      if (sums[i] == Counts{}) continue;
      const std::uint64_t at = label_at(i) + offsetof(Label, totals);
      if (!file.write_at(std::as_bytes(std::span(sums[i])), at)) return false;
    }
    const State tomb = State::tomb;
    if (!file.write_at(std::as_bytes(std::span(&tomb, 1)), offsetof(Header, state))) {
      return false;
    }
  }
  // From here on the file is a tomb, whatever its name and size.
  const bool cut = file.resize(records_at(image.fixed.labels)).ok();
  return files.rename(path, tomb_path(path)).ok() && cut;
}

bool purge_live(const Image& image) {
  const State purged = State::purged;
  if (!image.file.write_at(std::as_bytes(std::span(&purged, 1)), offsetof(Header, state))) {
    return false;
  }
  // A writer stores its record and then looks at the state; we store the state and then look at the
  // records. With a full fence between the two on both sides, one of us sees the other's.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return erase_records(image.file, image.fixed);
}

bool is_of_other_version(const std::string& path, Files files) {
  const auto file = files.open_own(path, Access::read);
  Header header{};
  return file && file->read_at(std::as_writable_bytes(std::span(&header, 1)), 0) &&
         is_foreign(header);
}

bool erase_records(const File& file, const Fixed& fixed) {
  std::string bytes(fixed.file_bytes, 0);
  const auto read = file.read_at(std::as_writable_bytes(std::span(bytes)), 0);
  if (!read) return false;
  bytes.resize(*read);
  bool done = true;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  // Only what was published is written: the bytes between may be a writer's at this moment.
  const auto write_run = [&] {
    const auto run = std::string_view(bytes).substr(from, to - from);
    done &= file.write_at(std::as_bytes(std::span(run)), from).ok();
  };
  // Answers where the next record would begin.
  const auto erase = [&](std::uint64_t at, std::size_t length) {
    if (at != to) {
      write_run();
      from = at;
    }
    to = std::min<std::uint64_t>(at + record_span(length), bytes.size());
    erase_record(reinterpret_cast<std::byte*>(bytes.data()) + at, fixed.seed);
    return to;
  };
  Walk walk(bytes, fixed, false);
  std::uint64_t at = walk.position();
  for (;;) {
    const auto record = walk.next();
    const std::uint64_t end = record ? record->offset : bytes.size();
    // A purge that was killed in a write leaves a record half erased, which no walk finds again.
    for (auto torn = published_at(bytes, at);
         torn && at < end && at + sizeof *torn + torn->length <= end;
         torn = published_at(bytes, at)) {
      at = erase(at, torn->length);
    }
    if (!record) break;
    at = erase(record->offset, record->payload.size());
  }
  write_run();
  return done;
}

std::string tomb_path(const std::string& segment_path) {
  constexpr std::string_view kEnding = "seg";
  return segment_path.substr(0, segment_path.size() - kEnding.size()) + "tomb";
}

}  // namespace candor::spool
