// The writer: many threads, one segment at a time, no waiting for other processes.
//
// The usual append takes a lock for the few nanoseconds in which a place is reserved, and
// writes the record outside it. What may touch the disk (finding or making a segment) is
// done under a second lock, between the wait hooks, and never while the first is held.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "platform/clock.h"
#include "platform/per_process.h"
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
    std::mutex slow;                // guards the change of segments and the rest
    std::vector<Counts> uncounted;  // counts that no segment could hold yet
    std::atomic<std::int64_t> refused_ms{-kRefusedMs};
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
  PerProcess<Process> process;

  struct Place {
    Active* active = nullptr;  // pinned
    std::uint64_t at = 0;
    std::uint16_t slot = 0;
  };

  // A place for `span` bytes (0: just the label's slot); nothing when another segment
  // than `seen` is needed.
  std::optional<Place> take(Process& p, std::uint32_t label, std::uint64_t span,
                            const Active*& seen) noexcept {
    ShortLock lock(p.reserve);
    Active* const active = p.active;
    seen = active;
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
    if (hooks.before) hooks.before();
    auto answer = [&] {
      std::lock_guard lock(p.slow);
      return work();
    }();
    if (hooks.after) hooks.after();
    return answer;
  }

  // Puts another segment than `seen` in use, with room for `span`. Under p.slow. Returns
  // kPending or the reason it can't.
  Counter renew(Process& p, std::uint64_t span, const Active* seen) noexcept try {
    {
      ShortLock lock(p.reserve);
      if (p.active != seen) return kPending;  // another thread was quicker
    }
    const std::int64_t now = steady_ms();
    if (now - p.refused_ms.load(std::memory_order_relaxed) < kRefusedMs)
      return counter_of(Reason::disk_error);
    auto segment = acquire(p, span);
    if (!segment.ok()) {
      p.refused_ms.store(now, std::memory_order_relaxed);
      return segment.error().code == ENOBUFS ? counter_of(Reason::spool_full)
                                             : counter_of(Reason::disk_error);
    }
    auto* fresh =
        new Active{std::move(*segment), std::vector<std::uint16_t>(labels.size(), kNoSlot)};
    hand_over_uncounted(p, *fresh);
    // Who has filled one segment will fill this one.
    if (seen != nullptr) fresh->segment->populate();
    Active* old = nullptr;
    {
      ShortLock lock(p.reserve);
      old = std::exchange(p.active, fresh);
    }
    if (old != nullptr) {
      old->segment->seal();
      unpin(old);
    }
    return kPending;
  } catch (...) { return counter_of(Reason::disk_error); }

  void hand_over_uncounted(Process& p, Active& fresh) noexcept {
    for (std::size_t label = 0; label < p.uncounted.size(); ++label) {
      for (std::size_t c = 0; c < kCountersMax; ++c) {
        if (p.uncounted[label][c] == 0) continue;
        const auto slot = fresh.segment->label(labels[label]);
        if (!slot) return;
        fresh.slots[label] = *slot;
        fresh.segment->count(*slot, static_cast<Counter>(c), p.uncounted[label][c]);
        p.uncounted[label][c] = 0;
      }
    }
  }

  // Takes over a segment or makes one, and keeps the spool within its limits.
  Expected<std::unique_ptr<Segment>> acquire(Process& p, std::uint64_t span) noexcept try {
    if (auto done = file::make_dirs(dir); !done) return note(p, done.error());
    const std::int64_t now = unix_ms();
    Inventory inventory(dir);
    inventory.remove_abandoned(now);
    inventory.bury_older_than(now - limits.age_max_ms);
    if (inventory.tombs.size() > kTombsMax) fold_tombs(dir);

    int tries = 0;
    for (auto it = inventory.segments.rbegin();
         it != inventory.segments.rend() && tries < kReuseTriesMax; ++it, ++tries) {
      if (is_old(it->made_ms, now)) break;
      if (auto segment = Segment::reuse(it->path, std::max(span, kReuseRoom))) return segment;
    }
    constexpr std::uint64_t kPage = 4096;
    const std::uint64_t wanted = records_at(labels.size()) + std::max(span, kReuseRoom);
    const std::uint64_t bytes = std::min(
        std::max(limits.segment_bytes, (wanted + kPage - 1) / kPage * kPage), kSegmentBytesMax);
    if (!inventory.make_room(bytes, limits.bytes_max, limits.files_max)) {
      return Error{"the spool " + dir + " is full", ENOBUFS};
    }
    auto segment =
        Segment::make(dir, labels.size(), bytes, p.made_ms = std::max(now, p.made_ms + 1));
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

  // Brings what a segment without a name holds, pending records and counts, to the one in use.
  void rescue(Writer& writer, Process& p, Active& lost) noexcept {
    for (int i = 0; i < kYieldsMax && lost.pins.load(std::memory_order_acquire) > 1; ++i) {
      std::this_thread::yield();  // until the others have put what they had begun
    }
    const Segment& segment = *lost.segment;
    std::vector<std::size_t> known(segment.fixed().labels);  // index in the segment -> label
    for (std::size_t i = 0; i < known.size(); ++i) {
      const Label& entry = segment.label_entry(i);
      const auto it = std::find(labels.begin(), labels.end(), label_name(entry));
      known[i] = static_cast<std::size_t>(it - labels.begin());
      if (entry.length_plus_1 == 0 || known[i] == labels.size()) continue;
      for (std::size_t c = 0; c < kCountersMax; ++c) {
        if (entry.counts[c] != 0) remember(p, known[i], static_cast<Counter>(c), entry.counts[c]);
      }
    }
    Walk walk(segment.bytes(), segment.fixed(), false);
    while (const auto record = walk.next()) {
      if (record->counter != kPending || record->label >= known.size()) continue;
      const std::size_t label = known[record->label];
      if (label < labels.size()) writer.append(static_cast<std::uint32_t>(label), record->payload);
    }
  }

  void remember(Process& p, std::size_t label, Counter counter, std::uint64_t n) noexcept try {
    std::lock_guard lock(p.slow);
    if (p.uncounted.empty()) p.uncounted.resize(labels.size(), Counts{});
    p.uncounted[label][counter] += n;
  } catch (...) {
    // Out of memory for a counter: nothing better can be done.
  }
};

Writer::Writer(std::string dir, std::vector<std::string> labels, Limits limits, WaitHooks hooks)
    : impl_(new Impl{.dir = std::move(dir),
                     .labels = std::move(labels),
                     .limits = limits,
                     .hooks = std::move(hooks)}) {}

Writer::~Writer() { release(); }

Counter Writer::append(std::uint32_t label, std::string_view payload) noexcept {
  Impl::Process& p = *impl_->process;
  const std::uint64_t span = record_span(payload.size());
  // A thread may find its fresh segment filled by others; twice is bad luck, more is a fault.
  constexpr int kTries = 8;
  Counter reason = counter_of(Reason::disk_error);
  const Active* seen = nullptr;
  for (int i = 0; i < kTries; ++i) {
    if (auto place = impl_->take(p, label, span, seen)) {
      const bool kept = place->active->segment->put(place->at, place->slot, payload);
      // The hole would hide what comes after it for as long as we live.
      if (!kept) impl_->retire(p, place->active);
      // Consent was withdrawn while the record was put, and the purge may have missed it.
      if (kept && place->active->segment->state() == State::purged) {
        place->active->segment->erase(place->at, payload.size());
      }
      unpin(place->active);
      if (kept) return kPending;
      break;
    }
    reason = impl_->unhurried(p, [&] { return impl_->renew(p, span, seen); });
    if (reason != kPending) break;
    reason = counter_of(Reason::disk_error);
  }
  count(label, reason);
  return reason;
}

void Writer::count(std::uint32_t label, Counter counter) noexcept {
  Impl::Process& p = *impl_->process;
  const Active* seen = nullptr;
  for (int i = 0; i < 2; ++i) {
    if (auto place = impl_->take(p, label, 0, seen)) {
      place->active->segment->count(place->slot, counter, 1);
      unpin(place->active);
      return;
    }
    if (impl_->unhurried(p, [&] { return impl_->renew(p, 0, seen); }) != kPending) break;
  }
  impl_->remember(p, label, counter, 1);
}

void Writer::tend() noexcept try {
  Impl::Process& p = *impl_->process;
  bool unlinked = false;
  bool purged = false;
  {
    ShortLock lock(p.reserve);
    if (p.active == nullptr) return;
    unlinked = p.active->segment->unlinked();
    purged = p.active->segment->state() == State::purged;
    const bool old = impl_->is_old(p.active->segment->fixed().made_ms, unix_ms());
    if (!unlinked && !purged && !old) return;
  }
  Active* const ended = impl_->take_out(p);
  if (ended == nullptr) return;
  if (unlinked && !purged) impl_->rescue(*this, p, *ended);
  if (!unlinked) ended->segment->seal();
  unpin(ended);
} catch (...) {
  // Out of memory: what the segment held stays where it is.
}

void Writer::release(bool withdrawn) noexcept {
  if (!withdrawn) tend();
  if (Active* const old = impl_->take_out(*impl_->process)) unpin(old);
}

std::string Writer::trouble() const {
  Impl::Process& p = *impl_->process;
  std::lock_guard lock(p.slow);
  return p.trouble;
}

}  // namespace candor::spool
