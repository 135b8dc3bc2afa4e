// The queue: the consumer's view of all segments, oldest first.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "spool/bury.h"

namespace candor::spool {
namespace {

// Segments held in memory at once; one batch seldom spans more than two.
constexpr std::size_t kImagesMax = 4;
// Milliseconds that a burial may take.
constexpr int kBurialWaits = 10;

struct Open {
  std::string path;
  Image image;
};

}  // namespace

struct Queue::Impl {
  std::string dir;
  Files files;
  File lock;
  std::vector<Open> open;
  std::vector<Record> peeked;

  // Reads segments into memory until the limits are met. What is dead and holds nothing
  // pending is buried on the way.
  void fill(std::size_t count_max, std::size_t bytes_max) {
    std::size_t bytes = 0;
    for (const auto& file : Inventory(dir, files).segments) {
      if (open.size() >= kImagesMax || peeked.size() >= count_max) return;
      auto image = read_segment(file.path, true, files);
      // Who buries a sealed segment holds its lock for a moment, and has counted its records as
      // dropped when it is done. (A forked child may hold it for long; then it is read as it is.)
      for (int i = 0; i < kBurialWaits && image && image->live && image->state() == State::sealed;
           ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        image = read_segment(file.path, true, files);
      }
      if (!image) continue;
      // Its writer is gone, or the process that buried it died before it could take the name away.
      if (image->state() == State::tomb || image->state() == State::purged) {
        if (!image->live) static_cast<void>(bury(file.path, *image, kDelivered, files));
        continue;
      }
      open.push_back({file.path, std::move(*image)});
      Open& segment = open.back();
      Walk walk(segment.image.bytes, segment.image.fixed, segment.image.live);
      const std::size_t before = peeked.size();
      bool full = false;
      while (const auto record = walk.next()) {
        if (record->counter != kPending) continue;
        if (peeked.size() >= count_max ||
            (!peeked.empty() && bytes + record->payload.size() > bytes_max)) {
          full = true;
          break;
        }
        bytes += record->payload.size();
        peeked.push_back({record->payload, static_cast<std::uint32_t>(open.size() - 1),
                          static_cast<std::uint32_t>(record->offset)});
      }
      if (!full && peeked.size() == before) {
        if (!segment.image.live)
          static_cast<void>(bury(file.path, segment.image, kDelivered, files));
        open.pop_back();
      }
      if (full) return;
    }
  }
};

Queue::Queue(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Queue::~Queue() = default;

std::unique_ptr<Queue> Queue::try_open(const std::string& dir, Files files) {
  if (!files.make_dirs(dir)) return nullptr;
  File lock = files.lock(dir + kUploaderLock);
  if (!lock.locked()) return nullptr;
  std::unique_ptr<Queue> queue(
      new Queue(std::make_unique<Impl>(Impl{dir, files, std::move(lock), {}, {}})));
  queue->note(Exchange::none);  // the last holder may have died in the middle of one
  return queue;
}

std::span<const Record> Queue::peek(std::size_t count_max, std::size_t bytes_max) {
  impl_->peeked.clear();
  impl_->open.clear();
  impl_->open.reserve(kImagesMax);
  impl_->fill(count_max, bytes_max);
  return impl_->peeked;
}

bool Queue::settle(std::span<const Record> records, Counter counter) {
  bool done = true;
  for (std::size_t i = 0; i < records.size();) {
    const std::uint32_t segment = records[i].segment;
    std::string& bytes = impl_->open[segment].image.bytes;
    std::uint32_t first = records[i].offset;
    std::uint32_t last = first;
    for (; i < records.size() && records[i].segment == segment; ++i) {
      const std::uint32_t at = records[i].offset;
      bytes[at + offsetof(RecordHead, disposition)] = static_cast<char>(disposition_of(counter));
      first = std::min(first, at);
      last = std::max(last, at);
    }
    // Its writer may have died, and somebody else have buried it meanwhile.
    const File& file = impl_->open[segment].image.file;
    const auto state_now = [&file]() -> std::optional<State> {
      State state = State::tomb;
      const auto read =
          file.read_at(std::as_writable_bytes(std::span(&state, 1)), offsetof(Header, state));
      return read ? std::optional(state) : std::nullopt;
    };
    const auto before = state_now();
    done &= before.has_value();
    if (!before || *before == State::tomb || *before == State::purged) continue;
    // One write for the run; all else in it is as it was, for records never change.
    const std::string_view run =
        std::string_view(bytes).substr(first, last + sizeof(RecordHead) - first);
    done &= file.write_at(std::as_bytes(std::span(run)), first).ok();
    // Purged meanwhile: the run has brought back what was erased.
    const auto after = state_now();
    done &= after.has_value();
    if (after == State::purged) done &= erase_records(file, impl_->open[segment].image.fixed);
  }
  return done;
}

void Queue::note(Exchange exchange) noexcept {
  // Should the disk refuse, a withdrawal says less than it could.
  static_cast<void>(impl_->lock.write_at(std::as_bytes(std::span(&exchange, 1)), 0));
}

void Queue::reclaim() {
  impl_->open.clear();
  impl_->peeked.clear();
  fold_tombs(impl_->dir, impl_->files);
}

}  // namespace candor::spool
