// The running process's view of consent: two stats a second instead of two reads a call.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "consent/consent.h"
#include "identity/telemetry_file.h"
#include "platform/clock.h"

namespace candor::consent {
namespace {

constexpr std::uint64_t kEnabledBit = 1;
// A file changed so recently could change again within the same tick of the file system's
// clock (two seconds on the coarsest), which no stat would show.
constexpr std::int64_t kSettledMs = 2500;

#ifdef __APPLE__
const timespec& modified(const struct stat& info) { return info.st_mtimespec; }
const timespec& changed(const struct stat& info) { return info.st_ctimespec; }
#else
const timespec& modified(const struct stat& info) { return info.st_mtim; }
const timespec& changed(const struct stat& info) { return info.st_ctim; }
#endif

class Fingerprint {
 public:
  void add(const std::string& path) noexcept {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      // A dangling link is not the same as nothing.
      mix(errno);
      if (::lstat(path.c_str(), &info) != 0) return;
    }
    mix(info.st_dev);
    mix(info.st_ino);
    mix(info.st_size);
    mix(info.st_mode);
    for (const timespec& time : {modified(info), changed(info)}) {
      mix(time.tv_sec);
      mix(time.tv_nsec);
    }
    changed_ms_ = std::max(changed_ms_, std::int64_t{changed(info).tv_sec} * 1000);
  }

  [[nodiscard]] std::uint64_t value() const noexcept { return hash_ & ~kEnabledBit; }
  [[nodiscard]] bool settled() const noexcept { return unix_ms() - changed_ms_ > kSettledMs; }

  template <typename T>
  void mix(T value) noexcept {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15u;
    hash_ ^= hash_ >> 32;
  }

 private:
  std::uint64_t hash_ = 0x243f6a8885a308d3u;
  std::int64_t changed_ms_ = 0;
};

}  // namespace

struct Gate::Print : Fingerprint {
  explicit Print(const Gate& gate) {
    add(gate.terms_.policy_file);
    add(gate.terms_.identity_file);
    add(gate.mark_file_);
    mix(consent::fingerprint(gate.places_));
  }
};

Gate::Gate(Terms terms, const Environment& env)
    : terms_(std::move(terms)),
      signals_(signals(terms_, env)),
      places_(places_of(terms_, signals_)),
      mark_file_(terms_.identity_file.empty() ? "" : identity::mark_path(terms_.identity_file)),
      seen_(look(first_)) {}

// The files' fingerprint is taken before they are read: a change in between is seen as one next
// time.
std::uint64_t Gate::look(Decision& found) const {
  const Print print(*this);
  found = decision();
  const std::uint64_t verdict = found.enabled ? kEnabledBit : 0;
  return (print.settled() ? print.value() : 0) | verdict;
}

void Gate::forget() noexcept {
  seen_.fetch_and(kEnabledBit, std::memory_order_relaxed);
  checked_ms_.store(std::numeric_limits<std::int64_t>::min() / 2, std::memory_order_relaxed);
}

std::optional<bool> Gate::known(std::int64_t steady_ms) const noexcept {
  const std::int64_t checked = checked_ms_.load(std::memory_order_relaxed);
  if (steady_ms - checked >= kFreshMs || steady_ms < checked) return std::nullopt;
  return (seen_.load(std::memory_order_relaxed) & kEnabledBit) != 0;
}

bool Gate::enabled(std::int64_t steady_ms) noexcept {
  if (const auto fresh = known(steady_ms)) return *fresh;
  std::uint64_t seen = seen_.load(std::memory_order_relaxed);
  std::int64_t checked = checked_ms_.load(std::memory_order_relaxed);
  // One thread looks, the others go on with what is known. No mutex, which a fork could
  // leave locked in the child for good.
  if (!checked_ms_.compare_exchange_strong(checked, steady_ms, std::memory_order_relaxed)) {
    return (seen & kEnabledBit) != 0;
  }
  try {
    if (Print(*this).value() == (seen & ~kEnabledBit)) return (seen & kEnabledBit) != 0;
    Decision now;
    seen = look(now);
  } catch (...) {
    seen = 0;  // out of memory: record nothing, look again next time
  }
  seen_.store(seen, std::memory_order_relaxed);
  return (seen & kEnabledBit) != 0;
}

}  // namespace candor::consent
