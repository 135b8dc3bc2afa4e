// The end of an upload, and of what waits, when consent is withdrawn.
#include <chrono>
#include <span>
#include <thread>

#include "platform/clock.h"
#include "spool/bury.h"

namespace candor::spool {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};

Exchange noted(const File& file) noexcept {
  Exchange exchange = Exchange::none;
  const auto read = file.read_at(std::as_writable_bytes(std::span(&exchange, 1)), 0);
  return read && *read == 1 ? exchange : Exchange::none;
}

}  // namespace

Halt withdraw(const std::string& dir, std::int64_t deadline_ms, Purge& purged, Files files) {
  // Only opened, never made: where nothing was uploaded, nothing is written.
  auto lock = files.open_own(dir + kUploaderLock, Access::change);
  Halt halt = Halt::idle;
  if (lock) {
    if (!lock->try_lock()) {
      const Exchange before = noted(*lock);
      while (!lock->try_lock() && steady_ms() < deadline_ms) {
        std::this_thread::sleep_for(kLookEvery);
      }
      const Exchange after = noted(*lock);
      const bool written = after == Exchange::cut || after == Exchange::under_way ||
                           (before == Exchange::under_way && after == Exchange::answered);
      halt = !lock->locked() ? Halt::running : written ? Halt::sent : Halt::stopped;
    }
    // One that ended between the choice and our look has left its note; so has one that was killed.
    const Exchange left = noted(*lock);
    if (halt == Halt::idle && (left == Exchange::cut || left == Exchange::under_way)) {
      halt = Halt::sent;
    }
    const Exchange none = Exchange::none;
    if (lock->locked()) {
      static_cast<void>(lock->write_at(std::as_bytes(std::span(&none, 1)), 0));
    }
  }
  purged.add(purge(dir, files));
  return halt;
}

}  // namespace candor::spool
