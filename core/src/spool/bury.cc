#include "spool/bury.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace candor::spool {
namespace {

// Making a segment takes a millisecond; one unfinished for so long has no maker any more.
constexpr std::int64_t kAbandonedMs = 60'000;

std::uint64_t disk_bytes(const std::string& path) noexcept {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

bool bury_at(const std::string& path, Counter pending_as) {
  const auto image = read_segment(path, true);
  return image && !image->live && bury(path, *image, pending_as);
}

}  // namespace

Inventory::Inventory(const std::string& dir) {
  const auto names = file::list(dir);
  if (!names) return;
  for (const std::string& file_name : *names) {
    const Name name = parse_name(file_name);
    std::vector<File>* const of_kind = name.kind == Name::Kind::segment     ? &segments
                                       : name.kind == Name::Kind::tomb      ? &tombs
                                       : name.kind == Name::Kind::temporary ? &temporaries
                                                                            : nullptr;
    if (of_kind == nullptr) continue;
    of_kind->push_back({dir + "/" + file_name, std::string(name.id), name.made_ms});
  }
}

void Inventory::remove_abandoned(std::int64_t unix_ms) {
  for (const File& temporary : temporaries) {
    // Its maker may not have locked it yet.
    if (std::abs(unix_ms - temporary.made_ms) < kAbandonedMs) continue;
    const auto fd = file::open(temporary.path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    if (fd && file::try_lock(fd->get())) file::remove(temporary.path);
  }
}

void Inventory::bury_older_than(std::int64_t made_ms) {
  std::erase_if(segments, [&](const File& segment) {
    return segment.made_ms < made_ms && bury_at(segment.path, counter_of(Reason::too_old));
  });
}

bool Inventory::make_room(std::uint64_t bytes, std::uint64_t bytes_max,
                          std::uint32_t files_max) {
  std::uint64_t used = 0;
  for (const File& segment : segments) used += disk_bytes(segment.path);
  const auto fits = [&] { return used + bytes <= bytes_max && segments.size() < files_max; };
  for (std::size_t i = 0; i < segments.size() && !fits();) {
    const std::uint64_t freed = disk_bytes(segments[i].path);
    if (bury_at(segments[i].path, counter_of(Reason::spool_full))) {
      used -= freed;
      segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return fits();
}

std::optional<Image> read_segment(const std::string& path, bool lock) {
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK;
  auto fd = file::open(path, (lock ? O_RDWR : O_RDONLY) | kFlags);
  // On a read-only disk what waits can still be looked at.
  if (!fd && lock && fd.error().code != ENOENT) fd = file::open(path, O_RDONLY | kFlags);
  if (!fd) return std::nullopt;
  Image image;
  // Without the lock nobody can say that no writer is at work.
  image.live = !(lock && file::try_lock(fd->get()));
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink == 0 ||
      static_cast<std::uint64_t>(info.st_size) > kSegmentBytesMax) {
    return std::nullopt;
  }
  image.bytes.resize(static_cast<std::size_t>(info.st_size));
  const auto read = file::read_at(fd->get(), std::as_writable_bytes(std::span(image.bytes)), 0);
  if (!read) return std::nullopt;
  image.bytes.resize(*read);
  const auto fixed = fixed_of(image.bytes);
  if (!fixed) return std::nullopt;
  image.fixed = *fixed;
  image.fd = std::move(*fd);
  return image;
}

std::array<Counts, kLabelsMax> totals(const Image& image, Counter pending_as, Counter corrupt) {
  std::array<Counts, kLabelsMax> sums{};
  const Front& front = image.front();
  if (front.header.state == State::tomb) {
    for (std::size_t i = 0; i < kLabelsMax; ++i) sums[i] = front.labels[i].totals;
    return sums;
  }
  for (std::size_t i = 0; i < kLabelsMax; ++i) {
    for (std::size_t c = kDelivered; c < kCountersMax; ++c) sums[i][c] = front.labels[i].counts[c];
  }
  Walk walk(image.bytes, image.fixed.seed, image.live);
  while (const auto record = walk.next()) {
    const std::size_t label = record->label < kLabelsMax ? record->label : 0;
    ++sums[label][record->counter == kPending ? pending_as : record->counter];
  }
  sums[0][corrupt] += walk.corrupt();
  return sums;
}

bool bury(const std::string& path, const Image& image, Counter pending_as) {
  const int fd = image.fd.get();
  if (image.front().header.state != State::tomb) {
    const auto sums = totals(image, pending_as, counter_of(Reason::corrupt));
    for (std::size_t i = 0; i < kLabelsMax; ++i) {
      if (sums[i] == Counts{}) continue;
      const std::uint64_t at = offsetof(Front, labels) + i * sizeof(Label) + offsetof(Label, totals);
      if (!file::write_at(fd, std::as_bytes(std::span(sums[i])), at)) return false;
    }
    const State tomb = State::tomb;
    if (!file::write_at(fd, std::as_bytes(std::span(&tomb, 1)), offsetof(Header, state))) {
      return false;
    }
  }
  // From here on the file is a tomb, whatever its name and size.
  const int cut = ::ftruncate(fd, static_cast<off_t>(kRecordsAt));
  const std::string tomb_path = path.substr(0, path.size() - std::string_view("seg").size()) + "tomb";
  return ::rename(path.c_str(), tomb_path.c_str()) == 0 && cut == 0;
}

}  // namespace candor::spool
