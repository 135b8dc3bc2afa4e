#include "spool/segment.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "platform/random.h"

namespace candor::spool {
namespace {

// Pages are made present this far ahead of the writer, so that an emit seldom meets a page fault;
// the farther the more there is already, so that it seldom meets this either.
constexpr std::uint64_t kPopulateAheadMin = 64u << 10, kPopulateAheadMax = 256u << 10;
// A process that writes only a few events is better off with the few faults.
constexpr std::uint64_t kPopulateFrom = 8u << 10;

constexpr std::uint64_t kPageBytes = 4096;

}  // namespace

Expected<std::unique_ptr<Segment>> Segment::make(const std::string& dir, std::size_t labels,
                                                 std::uint64_t file_bytes, std::int64_t unix_ms,
                                                 Files files) {
  const UuidText id = uuid7(unix_ms);
  const std::string stem = dir + "/" + std::string(id.data(), id.size());
  const std::string temporary = stem + ".tmp";
  auto file = files.open(temporary, Access::create_new);
  if (!file) return file.error();
  const auto give_up = [&](Error error) -> Error {
    static_cast<void>(files.remove(temporary));
    return error;
  };
  if (!file->try_lock()) return give_up(Error{"cannot lock " + temporary, EWOULDBLOCK});

  std::unique_ptr<Segment> segment(
      new Segment(std::move(*file), stem + ".seg", make_fixed(labels, file_bytes, unix_ms)));
  if (auto done = segment->map(); !done) return give_up(done.error());
  Header& header = segment->header();
  header.fixed = header.copy = segment->fixed_;
  header.reserved = segment->next_ = records_at(labels);
  if (!segment->write_through(&header, sizeof header)) {
    return give_up(Error{"cannot write " + temporary, EIO});
  }
  if (auto done = files.rename(temporary, segment->path_); !done) return give_up(done.error());
  segment->files_ = files;
  return segment;
}

std::unique_ptr<Segment> Segment::reuse(const std::string& path, std::uint64_t room,
                                        std::string_view label, Files files) {
  auto file = files.open_own(path, Access::change);
  if (!file || !file->try_lock()) return nullptr;
  const auto info = file->info();
  if (!info || info->names == 0) return nullptr;
  Header header;
  const auto read = file->read_at(std::as_writable_bytes(std::span(&header, 1)), 0);
  if (!read || *read != sizeof header || header.state != State::open) return nullptr;
  const auto fixed = fixed_of(header);
  if (!fixed || fixed->file_bytes != info->bytes || header.reserved > fixed->file_bytes ||
      fixed->file_bytes - header.reserved < room) {
    return nullptr;
  }
  std::unique_ptr<Segment> segment(new Segment(std::move(*file), path, *fixed));
  segment->files_ = files;
  if (!segment->map()) return nullptr;
  // Only behind an unbroken row of records: while we live, nobody looks behind a hole. A damaged
  // `reserved` does not match the row's end either.
  Walk walk(segment->bytes(), *fixed, true);
  while (walk.next()) {}
  if (walk.position() != header.reserved) return nullptr;
  segment->next_ = header.reserved;
  if (!segment->label(label)) {
    segment->seal();
    return nullptr;
  }
  return segment;
}

Done Segment::map() noexcept {
  write_through_ = !file_.allocation_lasts();
  // Also for a file that exists: a copy of a spool may have holes where the original had zeros.
  const Done sized =
      write_through_ ? file_.resize(fixed_.file_bytes) : file_.allocate(fixed_.file_bytes);
  if (!sized) return sized;
  auto mapping =
      write_through_ ? Mapping::of_memory(fixed_.file_bytes) : file_.map(fixed_.file_bytes);
  if (!mapping) return mapping.error();
  mapping_ = std::move(*mapping);
  base_ = mapping_.data();
  if (!write_through_) return {};
  const auto read = file_.read_at(std::span(base_, fixed_.file_bytes), 0);
  if (!read) return read.error();
  return {};
}

bool Segment::write_through(const void* at, std::size_t bytes) noexcept {
  if (!write_through_) return true;
  const auto* from = static_cast<const std::byte*>(at);
  return file_.write_at(std::span(from, bytes), static_cast<std::uint64_t>(from - base_)).ok();
}

std::optional<std::uint64_t> Segment::reserve(std::uint64_t bytes) noexcept {
  if (fixed_.file_bytes - next_ < bytes) return std::nullopt;
  const std::uint64_t at = next_;
  next_ += bytes;
  std::atomic_ref(header().reserved).store(next_, std::memory_order_relaxed);
  return at;
}

bool Segment::lacks_pages(std::uint64_t to) const noexcept {
  return to > populated_.load(std::memory_order_relaxed) &&
         to > records_at(fixed_.labels) + kPopulateFrom && !write_through_;
}

void Segment::populate(std::uint64_t from, std::uint64_t to) noexcept {
  std::uint64_t done = populated_.load(std::memory_order_relaxed);
  const std::uint64_t ahead = std::clamp(to, kPopulateAheadMin, kPopulateAheadMax);
  const std::uint64_t goal = std::min(to + ahead, fixed_.file_bytes);
  if (!lacks_pages(to) ||
      !populated_.compare_exchange_strong(done, goal, std::memory_order_relaxed)) {
    return;
  }
  mapping_.populate(std::max(done, from), goal);
}

void Segment::populate() noexcept { populate(next_, fixed_.file_bytes); }

bool Segment::put(std::uint64_t at, std::uint16_t label, std::string_view payload) noexcept {
  std::byte* const to = base_ + at;
  RecordHead head{static_cast<std::uint32_t>(payload.size()), label, kRecordMark, 0,
                  record_checksum(fixed_.seed, label, payload)};
  std::memcpy(to + sizeof head, payload.data(), payload.size());
  std::memcpy(to + offsetof(RecordHead, checksum), &head.checksum, sizeof head.checksum);
  if (write_through_ && !(write_through(&header().reserved, sizeof(std::uint64_t)) &&
                          write_through(to + offsetof(RecordHead, checksum),
                                        sizeof head.checksum + payload.size()))) {
    return false;
  }
  std::uint64_t first = 0;
  std::memcpy(&first, &head, sizeof first);
  // Sequentially consistent, because the caller looks at the state next (see purge_live).
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(to)).store(first);
  return write_through(to, sizeof first);
}

void Segment::erase(std::uint64_t at, std::size_t payload_bytes) noexcept {
  erase_record(base_ + at, fixed_.seed);
  write_through(base_ + at, sizeof(RecordHead) + payload_bytes);
}

std::optional<std::uint16_t> Segment::label(std::string_view name) noexcept {
  for (std::size_t i = 0; i < fixed_.labels; ++i) {
    Label& entry = label_ref(i);
    if (entry.length_plus_1 == 0) {
      std::memcpy(entry.name, name.data(), name.size());
      std::atomic_ref(entry.length_plus_1)
          .store(static_cast<std::uint8_t>(name.size() + 1), std::memory_order_release);
      if (write_through(&entry, sizeof entry)) return static_cast<std::uint16_t>(i);
      entry.length_plus_1 = 0;  // the file doesn't have it
      return std::nullopt;
    }
    if (label_name(entry) == name) return static_cast<std::uint16_t>(i);
  }
  return std::nullopt;
}

void Segment::count(std::uint16_t label, Counter counter, std::uint64_t n) noexcept {
  std::uint64_t& count = label_ref(label).counts[counter];
  std::atomic_ref(count).fetch_add(n, std::memory_order_relaxed);
  write_through(&count, sizeof count);
}

void Segment::seal() noexcept {
  if (this->state() == State::purged) return;
  State& state = header().state;
  State open = State::open;
  // Not over a purge.
  const bool sealed = std::atomic_ref(state).compare_exchange_strong(open, State::sealed);
  write_through(&state, sizeof state);
  // A page or less isn't worth the call.
  if (sealed && fixed_.file_bytes - next_ > kPageBytes) { static_cast<void>(file_.resize(next_)); }
}

void Segment::reread() noexcept {
  if (!write_through_) return;
  static_cast<void>(file_.read_at(std::span(base_, fixed_.file_bytes), 0));
}

void Segment::entomb(const std::vector<Counts>& totals) noexcept {
  for (std::size_t i = 0; i < totals.size() && i < fixed_.labels; ++i) {
    Counts& to = label_ref(i).totals;
    to = totals[i];
    write_through(&to, sizeof to);
  }
  State& state = header().state;
  State open = State::open;
  // Not over a purge.
  std::atomic_ref(state).compare_exchange_strong(open, State::tomb);
  write_through(&state, sizeof state);
}

Segment::Whereabouts Segment::whereabouts() const noexcept {
  const auto file = file_.info();
  // A call that fails now says nothing.
  if (!file) return Whereabouts::here;
  if (file->names == 0) return Whereabouts::deleted;
  const auto named = files_.link_info(path_);
  if (!named) {
    const int code = named.error().code;
    return code == ENOENT || code == ENOTDIR ? Whereabouts::moved : Whereabouts::here;
  }
  return named->id == file->id && named->volume == file->volume ? Whereabouts::here
                                                                : Whereabouts::moved;
}

State Segment::state() const noexcept {
  if (write_through_) {  // another process's word is in the file only
    State state = State::open;
    const auto read =
        file_.read_at(std::as_writable_bytes(std::span(&state, 1)), offsetof(Header, state));
    return read && *read == sizeof state ? state : State::open;
  }
  return std::atomic_ref(header().state).load();
}

}  // namespace candor::spool
