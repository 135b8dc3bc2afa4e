// Who this install is: HOME/telemetry.json, read and written so that no crash and no race
// of any number of processes loses an opt-out or mints a second identity.
//
//   {"installId": UUID, "enabled": true, "createdAt": TIME, "noticeShownAt": TIME,
//   "noticeShownVersion": 1}
//
// All keys are optional and unknown keys are kept. TIME is RFC 3339.
//
// What is found at the path, and what it means:
//   nothing (nor a directory for it)             absent
//   an object whose known keys have their types  valid; {} and {"enabled": false} are
//   a symbolic link to such a file               valid; it stays a link when rewritten
//   empty, not JSON, not an object, cut off      broken
//   a known key of the wrong type, or null       broken
//   the same key twice                           broken
//   over kFileBytesMax, or 32 levels deep        broken
//   a directory, pipe, device; a dangling link   broken
//   a file where a directory of the path goes    broken
//   no permission to read it or to look          broken
// A byte order mark is tolerated, and lost on rewrite.
//
// Writers lock PATH.lock while they read, change and replace the file, and whoever shows
// the notice holds PATH.notice meanwhile; both are gone afterwards (see lock_file.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/lock_file.h"

namespace candor::identity {

inline constexpr std::size_t kFileBytesMax = 64 * 1024;

struct Identity {
  enum class State : std::uint8_t {
    absent,  // no file: nobody decided anything yet
    valid,   // understood
    broken,  // exists but can't be read or understood: means disabled, never overwritten
  };
  State state = State::absent;
  std::string problem;     // broken: why, naming the file
  std::string install_id;  // a lower-case UUID, or empty
  std::optional<bool> enabled;
  std::uint32_t notice_version = 0;  // the newest notice this user has seen
};

[[nodiscard]] Identity read(const std::string& path);

struct Minted {
  Identity identity;  // valid, with an install id
  bool ours = false;  // true in exactly one of any number of processes
};
// The identity at `path`, created when there is none, completed when it has no install
// id. A new one says "enabled": true, because that is what the format's other readers
// expect: call it only when the decision was to collect. Waits milliseconds for another
// process that completes the same file, and no longer. Fails when the home can't be
// written, when the file is broken, and when it has no install id but an opt-out.
[[nodiscard]] Expected<Minted> mint(const std::string& path, std::int64_t unix_ms);

// Writes the user's choice; does nothing when the file says so already. Waits at most one
// second for other writers; then enabling fails, and disabling goes ahead, because an
// opt-out matters more than whatever the other writer had to say. Fails on a broken file
// (which is off already), and says so by name.
[[nodiscard]] Done set_enabled(const std::string& path, bool enabled, std::int64_t unix_ms);

// Runs `show` (which answers whether it could) and records the version, in exactly one of
// any number of processes; the others return false at once. Shows nothing when there is
// no valid file, when it says off, and when it can't be locked, i.e. the home can't be
// written. A process killed between showing and recording makes the next one show again.
template <typename Show>
bool show_notice_once(const std::string& path, std::uint32_t version, std::int64_t unix_ms,
                      Show show);

// Lower-case hex of sha256(install_id + ":" + canonical absolute directory).
// Symlinks are resolved in what exists of it; the rest is made absolute by its text, so
// that creating the directory doesn't change its id. Empty when either argument is.
[[nodiscard]] std::string project_id(std::string_view install_id, const std::string& directory);

namespace detail {
class NoticeTurn {  // holds the lock while the notice is being shown
 public:
  NoticeTurn(std::string path, std::uint32_t version);
  [[nodiscard]] bool ours() const noexcept { return lock_.has_value(); }
  bool record(std::int64_t unix_ms);

 private:
  [[nodiscard]] bool due() const;

  std::string path_;
  std::uint32_t version_;
  std::optional<LockFile> lock_;
};
}  // namespace detail

template <typename Show>
bool show_notice_once(const std::string& path, std::uint32_t version, std::int64_t unix_ms,
                      Show show) {
  detail::NoticeTurn turn(path, version);
  return turn.ours() && show() && turn.record(unix_ms);
}

}  // namespace candor::identity
