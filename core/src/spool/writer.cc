// The writer: many threads, one segment at a time, no waiting for other processes.
//
// The usual append takes a lock for the few nanoseconds in which a place is reserved, and
// writes the record outside it. What may touch the disk (finding or making a segment) is
// done under a second lock, between the wait hooks, and never while the first is held.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "platform/clock.h"
#include "platform/per_process.h"
#include "platform/waiting.h"
#include "spool/age.h"
#include "spool/bury.h"
#include "spool/segment.h"

namespace candor::spool {
namespace {

// After the disk refused a segment, it is not asked again for so long.
constexpr std::int64_t kRefusedMs = 1000;
// A segment with less room than this isn't worth taking over.
constexpr std::uint64_t kReuseRoom = 16u << 10;
constexpr int kReuseTriesMax = 8;
constexpr std::size_t kTombsMax = 16;
constexpr std::uint16_t kNoSlot = 0xffff;
constexpr int kSpinsMax = 200;
constexpr int kYieldsMax = 10'000;

// A segment in use: `pins` keeps it mapped while records are being written into it.
struct Active {
  std::unique_ptr<Segment> segment;
  std::vector<std::uint16_t> slots;    // label -> index in this segment
  std::atomic<std::uint32_t> pins{1};  // one is the writer's own
};

void unpin(Active* active) noexcept {
  if (active->pins.fetch_sub(1, std::memory_order_acq_rel) == 1) delete active;
}

// The reservation lock is held for nanoseconds: spinning beats sleeping.
class ShortLock {
 public:
  explicit ShortLock(std::mutex& mutex) noexcept : mutex_(mutex) {
    for (int i = 0; i < kSpinsMax; ++i) {
      if (mutex_.try_lock()) return;
    }
    mutex_.lock();
  }
  ~ShortLock() { mutex_.unlock(); }
  ShortLock(const ShortLock&) = delete;
  ShortLock& operator=(const ShortLock&) = delete;

 private:
  std::mutex& mutex_;
};

}  // namespace

struct Writer::Impl {
  struct Process {
    std::mutex reserve;  // guards `active` and reservations
    Active* active = nullptr;
    std::mutex slow;                          // guards the change of segments and the rest
    std::vector<Counts> uncounted;            // counts that no segment could hold yet
    std::atomic<bool> writes_through{false};  // the last segment
    std::int64_t refused_ms = -kRefusedMs;
    Counter refused_as = kPending;
    std::string trouble;
    std::int64_t made_ms = 0;  // of the newest segment: names must sort by age

    // Unmaps and closes the child's copy, which would keep the parent's lock alive.
    void abandon() noexcept {
      if (active == nullptr) return;
      active->segment->disown();
      active->segment.reset();
    }
  };

  std::string dir;
  std::vector<std::string> labels;
  Limits limits;
  WaitHooks hooks;
  Clock clock;
  Files files;
  std::function<bool()> is_wanted;
  PerProcess<Process> process;

  struct Place {
    Active* active = nullptr;  // pinned
    std::uint64_t at = 0;
    std::uint16_t slot = 0;
  };

  // A place for `span` bytes (0: just the label's slot); nothing when another segment is needed.
  std::optional<Place> take(Process& p, std::uint32_t label, std::uint64_t span) noexcept {
    ShortLock lock(p.reserve);
    Active* const active = p.active;
    if (active == nullptr) return std::nullopt;
    // What is put into a purged segment is lost, so another is needed at once.
    if (span != 0 && active->segment->state() == State::purged) return std::nullopt;
    std::uint16_t& slot = active->slots[label];
    if (slot == kNoSlot) {
      const auto made = active->segment->label(labels[label]);
      if (!made) return std::nullopt;
      slot = *made;
    }
    std::uint64_t at = 0;
    if (span != 0) {
      const auto reserved = active->segment->reserve(span);
      if (!reserved) return std::nullopt;
      at = *reserved;
    }
    active->pins.fetch_add(1, std::memory_order_relaxed);
    return Place{active, at, slot};
  }

  // Runs `work` where it may wait for the disk.
  template <typename Work>
  auto unhurried(Process& p, Work work) noexcept {
    const Waiting waiting(hooks);
    std::lock_guard lock(p.slow);
    return work();
  }

  // Keeps the hooks' promise where every append and count writes to the file.
  void wait_for_file(const Process& p, std::optional<Waiting>& waiting) const noexcept {
    if (!waiting && p.writes_through.load(std::memory_order_relaxed)) waiting.emplace(hooks);
  }

  // The same from another segment, which is put in use. Under p.slow. Without a place, `reason` is
  // why.
  std::optional<Place> renew(Process& p, std::uint32_t label, std::uint64_t span,
                             Counter& reason) noexcept try {
    if (auto place = take(p, label, span)) return place;  // another thread was quicker
    reason = p.refused_as;
    const std::int64_t now = steady_ms();
    if (now - p.refused_ms < kRefusedMs) return std::nullopt;
    // What the caller knows may be a second old, and a purge has emptied the spool since.
    if (is_wanted && !is_wanted()) {
      reason = counter_of(Reason::opted_out);
      return std::nullopt;
    }
    const auto refused = [&](const Error& error) -> std::optional<Place> {
      const bool full = error.code == ENOBUFS;
      reason = counter_of(full ? Reason::spool_full : Reason::disk_error);
      p.refused_ms = now;
      p.refused_as = reason;
      return std::nullopt;
    };
    auto segment = acquire(p, label, span);
    if (!segment) return refused(segment.error());
    auto fresh = std::make_unique<Active>();
    fresh->segment = std::move(*segment);
    fresh->slots.resize(labels.size(), kNoSlot);
    // The caller's place first: nothing else may use up what it needs.
    const auto slot = fresh->segment->label(labels[label]);
    const auto at = span == 0 ? std::optional<std::uint64_t>(0) : fresh->segment->reserve(span);
    if (!slot || !at) return refused(note(p, Error{"cannot write to a segment in " + dir, EIO}));
    fresh->slots[label] = *slot;
    fresh->pins = 2;  // the writer's own, and the caller's
    hand_over_uncounted(p, *fresh);
    const Place place{fresh.get(), *at, *slot};
    p.writes_through.store(fresh->segment->writes_through(), std::memory_order_relaxed);
    Active* old = nullptr;
    {
      ShortLock lock(p.reserve);
      old = std::exchange(p.active, fresh.release());
    }
    if (old != nullptr) {
      // A process that has filled one segment will fill this one.
      if (old->segment->mostly_full()) place.active->segment->populate();
      old->segment->seal();
      unpin(old);
    }
    return place;
  } catch (...) {
    reason = counter_of(Reason::disk_error);
    return std::nullopt;
  }

  // Half of the labels at most, for the records that follow need some too; the rest is for the
  // next segment.
  void hand_over_uncounted(Process& p, Active& fresh) noexcept {
    std::size_t room = kSegmentLabelsMax / 2;
    for (std::size_t label = 0; label < p.uncounted.size() && room > 0; ++label) {
      if (p.uncounted[label] == Counts{}) continue;
      const auto slot = fresh.segment->label(labels[label]);
      if (!slot) return;
      --room;
      fresh.slots[label] = *slot;
      for (std::size_t c = 0; c < kCountersMax; ++c) {
        const std::uint64_t n = std::exchange(p.uncounted[label][c], 0);
        if (n != 0) fresh.segment->count(*slot, static_cast<Counter>(c), n);
      }
    }
  }

  // Takes over a segment or makes one, and keeps the spool within its limits.
  Expected<std::unique_ptr<Segment>> acquire(Process& p, std::uint32_t label,
                                             std::uint64_t span) noexcept try {
    if (auto done = files.make_dirs(dir); !done) return note(p, done.error());
    const std::int64_t now = clock.unix_ms();
    Inventory inventory(dir, files);
    inventory.remove_abandoned(now);
    bury_too_old(inventory, dir, limits.age_max_ms, clock, files);
    if (inventory.tombs.size() > kTombsMax) fold_tombs(dir, files);

    int tries = 0;
    for (auto it = inventory.segments.rbegin();
         it != inventory.segments.rend() && tries < kReuseTriesMax; ++it, ++tries) {
      if (is_old(it->made_ms, now)) break;
      if (auto segment =
              Segment::reuse(it->path, std::max(span, kReuseRoom), labels[label], files)) {
        return segment;
      }
    }
    constexpr std::uint64_t kPage = 4096;
    const std::size_t entries = std::min(labels.size(), kSegmentLabelsMax);
    const std::uint64_t wanted = records_at(entries) + std::max(span, kReuseRoom);
    const std::uint64_t bytes = std::min(
        std::max(limits.segment_bytes, (wanted + kPage - 1) / kPage * kPage), kSegmentBytesMax);
    if (!inventory.make_room(bytes, limits.bytes_max, limits.files_max)) {
      return Error{"the spool " + dir + " is full", ENOBUFS};
    }
    auto segment =
        Segment::make(dir, entries, bytes, p.made_ms = std::max(now, p.made_ms + 1), files);
    if (!segment) return note(p, segment.error());
    return segment;
  } catch (...) { return Error{"out of memory", ENOMEM}; }

  // A segment's age is that of its oldest record: one that takes new ones must not be near its end.
  [[nodiscard]] bool is_old(std::int64_t made_ms, std::int64_t now) const noexcept {
    return made_ms < now - limits.age_max_ms / 2;
  }

  static Error note(Process& p, const Error& error) {
    p.trouble = error.text;
    return error;
  }

  // Takes the segment out of use. Other threads may still be writing into it.
  Active* take_out(Process& p) noexcept {
    ShortLock lock(p.reserve);
    return std::exchange(p.active, nullptr);
  }

  void retire(Process& p, const Active* broken) noexcept {
    Active* old = nullptr;
    {
      ShortLock lock(p.reserve);
      if (p.active == broken) old = std::exchange(p.active, nullptr);
    }
    if (old == nullptr) return;
    old->segment->seal();
    unpin(old);
  }

  // Brings what waits in a segment that is not under its path any more to the one in use. Of a
  // deleted segment, the counts too; in a moved one they stay, as a tomb.
  void rescue(Writer& writer, Process& p, Active& lost, bool moved) {
    for (int i = 0; i < kYieldsMax && lost.pins.load(std::memory_order_acquire) > 1; ++i) {
      std::this_thread::yield();  // until the others have put what they had begun
    }
    Segment& segment = *lost.segment;
    // What a thread has yet to put would be in neither place: let it wait where it is.
    if (moved && lost.pins.load(std::memory_order_acquire) > 1) return segment.seal();
    segment.reread();
    std::vector<Counts> left(segment.fixed().labels, Counts{});
    std::vector<std::size_t> known(segment.fixed().labels);  // index in the segment -> label
    for (std::size_t i = 0; i < known.size(); ++i) {
      const Label& entry = segment.label_entry(i);
      const auto it = std::find(labels.begin(), labels.end(), label_name(entry));
      known[i] = static_cast<std::size_t>(it - labels.begin());
      left[i] = entry.counts;
      if (moved) continue;
      if (entry.length_plus_1 == 0 || known[i] == labels.size()) continue;
      for (std::size_t c = 0; c < kCountersMax; ++c) {
        if (entry.counts[c] != 0) remember(p, known[i], static_cast<Counter>(c), entry.counts[c]);
      }
    }
    Walk walk(segment.bytes(), segment.fixed(), false);
    while (const auto record = walk.next()) {
      if (record->label >= known.size()) continue;
      const std::size_t label = known[record->label];
      if (record->counter != kPending || (moved && label == labels.size())) {
        ++left[record->label][record->counter];
      } else if (label < labels.size()) {
        writer.append(static_cast<std::uint32_t>(label), record->payload);
      }
    }
    if (moved) segment.entomb(left);
  }

  void remember(Process& p, std::size_t label, Counter counter, std::uint64_t n) noexcept try {
    const Waiting waiting(hooks);
    std::lock_guard lock(p.slow);
    if (p.uncounted.empty()) p.uncounted.resize(labels.size(), Counts{});
    p.uncounted[label][counter] += n;
  } catch (...) {
    // Out of memory for a counter: nothing better can be done.
  }
};

Writer::Writer(std::string dir, std::vector<std::string> labels, Limits limits, WaitHooks hooks,
               Clock clock, Files files, std::function<bool()> wanted)
    : impl_(new Impl{.dir = std::move(dir),
                     .labels = std::move(labels),
                     .limits = limits,
                     .hooks = std::move(hooks),
                     .clock = std::move(clock),
                     .files = files,
                     .is_wanted = std::move(wanted)}) {}

Writer::~Writer() { release(); }

Counter Writer::append(std::uint32_t label, std::string_view payload) noexcept {
  Impl::Process& p = *impl_->process;
  const std::uint64_t span = record_span(payload.size());
  Counter reason = counter_of(Reason::disk_error);
  std::optional<Waiting> waiting;
  impl_->wait_for_file(p, waiting);
  auto place = impl_->take(p, label, span);
  if (!place) {
    place = impl_->unhurried(p, [&] { return impl_->renew(p, label, span, reason); });
    impl_->wait_for_file(p, waiting);
  }
  if (place) {
    Segment& segment = *place->active->segment;
    if (segment.lacks_pages(place->at + span)) {
      const Waiting for_pages(impl_->hooks);
      segment.populate(place->at, place->at + span);
    }
    const bool kept = segment.put(place->at, place->slot, payload);
    // The hole would hide what comes after it for as long as we live.
    if (!kept) impl_->retire(p, place->active);
    // Consent was withdrawn while the record was put, and the purge may have missed it.
    if (kept && segment.state() == State::purged) { segment.erase(place->at, payload.size()); }
    unpin(place->active);
    if (kept) return kPending;
    reason = counter_of(Reason::disk_error);
  }
  if (reason == counter_of(Reason::opted_out)) return reason;
  count(label, reason);
  return reason;
}

void Writer::count(std::uint32_t label, Counter counter) noexcept {
  Impl::Process& p = *impl_->process;
  Counter reason = kPending;
  std::optional<Waiting> waiting;
  impl_->wait_for_file(p, waiting);
  auto place = impl_->take(p, label, 0);
  if (!place) {
    place = impl_->unhurried(p, [&] { return impl_->renew(p, label, 0, reason); });
    impl_->wait_for_file(p, waiting);
  }
  if (!place) return impl_->remember(p, label, counter, 1);
  place->active->segment->count(place->slot, counter, 1);
  unpin(place->active);
}

void Writer::tend() noexcept try {
  using Whereabouts = Segment::Whereabouts;
  Impl::Process& p = *impl_->process;
  Active* active = nullptr;
  {
    ShortLock lock(p.reserve);
    active = p.active;
    if (active == nullptr) return;
    active->pins.fetch_add(1, std::memory_order_relaxed);
  }
  // Looked at outside the lock, which other threads' emits take.
  const Segment& segment = *active->segment;
  const Whereabouts whereabouts = segment.whereabouts();
  const bool purged = segment.state() == State::purged;
  const bool old = impl_->is_old(segment.fixed().made_ms, impl_->clock.unix_ms());
  Active* ended = nullptr;
  if (whereabouts != Whereabouts::here || purged || old) {
    ShortLock lock(p.reserve);
    if (p.active == active) ended = std::exchange(p.active, nullptr);
  }
  unpin(active);
  if (ended == nullptr) return;
  if (whereabouts == Whereabouts::here) {
    ended->segment->seal();
  } else if (!purged) {
    impl_->rescue(*this, p, *ended, whereabouts == Whereabouts::moved);
  }
  unpin(ended);
} catch (...) {
  // Out of memory: what the segment held stays where it is.
}

void Writer::release(bool withdrawn) noexcept {
  if (!withdrawn) tend();
  if (Active* const old = impl_->take_out(*impl_->process)) unpin(old);
}

void Writer::add_unwritten(Tally& tally) const {
  Impl::Process& p = *impl_->process;
  impl_->unhurried(p, [&] {
    for (std::size_t label = 0; label < p.uncounted.size(); ++label) {
      const Counts& from = p.uncounted[label];
      if (from == Counts{}) continue;
      Counts& to = tally.labels[impl_->labels[label]];
      for (std::size_t c = 0; c < from.size(); ++c) to[c] += from[c];
    }
  });
}

std::string Writer::trouble() const {
  Impl::Process& p = *impl_->process;
  return impl_->unhurried(p, [&] { return p.trouble; });
}

}  // namespace candor::spool
