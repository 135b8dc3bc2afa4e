// The end of an upload, and of what waits, when consent is withdrawn.
#include <fcntl.h>

#include <chrono>
#include <span>
#include <thread>

#include "platform/clock.h"
#include "platform/file.h"
#include "spool/bury.h"

namespace candor::spool {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};

Exchange noted(int fd) noexcept {
  Exchange exchange = Exchange::none;
  const auto read = file::read_at(fd, std::as_writable_bytes(std::span(&exchange, 1)), 0);
  return read && *read == 1 ? exchange : Exchange::none;
}

}  // namespace

Halt withdraw(const std::string& dir, std::int64_t deadline_ms, Purge& purged) {
  // Only opened, never made: where nothing was uploaded, nothing is written.
  auto fd = file::open(dir + kUploaderLock, O_RDWR | O_NOFOLLOW);
  Halt halt = Halt::idle;
  LockedFd lock;
  if (fd) {
    const int locked = fd->get();
    bool held = file::try_lock(locked);
    if (!held) {
      const Exchange before = noted(locked);
      while (!(held = file::try_lock(locked)) && steady_ms() < deadline_ms) {
        std::this_thread::sleep_for(kLookEvery);
      }
      const Exchange after = noted(locked);
      const bool written =
          after == Exchange::cut || (before == Exchange::under_way && after == Exchange::answered);
      halt = !held ? Halt::running : written ? Halt::sent : Halt::stopped;
    }
    // One that ended between the choice and our look has left its note.
    if (halt == Halt::idle && noted(locked) == Exchange::cut) halt = Halt::sent;
    const Exchange none = Exchange::none;
    if (held) static_cast<void>(file::write_at(locked, std::as_bytes(std::span(&none, 1)), 0));
    lock = LockedFd(std::move(*fd), held);
  }
  purged.add(purge(dir));
  return halt;
}

}  // namespace candor::spool
