// Who this install is: HOME/telemetry.json, read and written so that no crash and no race
// of any number of processes loses an opt-out or mints a second identity.
//
//   {"installId": UUID, "enabled": true, "createdAt": TIME, "noticeShownAt": TIME,
//   "noticeShownVersion": 1}
//
// A file that is read may have any of these keys, and others. A file that is written here has the
// first three, because the format's other readers take it for none otherwise, and no other than
// these five; keys that a user added move to consent.json (see record.h). TIME is RFC 3339.
//
// What is found at the path, and what it means:
//   nothing (nor a directory for it)             absent
//   an object whose known keys have their types  valid; {} and {"enabled": false} are
//   a symbolic link to such a file, both ours    valid; it stays a link when rewritten
//   empty, not JSON, not an object, cut off      broken
//   a known key of the wrong type, or null       broken
//   the same key twice                           broken
//   over kFileBytesMax, or 32 levels deep        broken
//   a directory, pipe, device; a dangling link   broken
//   a file where a directory of the path goes    broken
//   a file or a link that another user owns      broken
//   no permission to read it or to look          broken
// A byte order mark is tolerated, and lost on rewrite. While PATH.off exists, the file says no
// (see telemetry_file.h).
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
  bool marked = false;               // PATH.off says no, which `enabled` repeats
  // Of consent.json, filled in by add_record.
  bool chosen_by_user = false;     // it is recorded that the user said what the file says
  bool first_run_pending = false;  // a choice made the identity before any client ran
};

[[nodiscard]] Identity read(const std::string& path);

struct Minted {
  Identity identity;  // valid, with an install id
  bool ours = false;  // true in exactly one of any number of processes
};
// The identity at `path`, created when there is none, completed when it has no install
// id; the first run of one that a choice created counts as minted, too. A new one says "enabled":
// true, because that is what the format's other readers expect: call it only when the decision was
// to collect. Waits milliseconds for another process that completes the same file, and no longer.
// Fails when the home can't be written, when the file is broken, and when it has no install id but
// an opt-out.
[[nodiscard]] Expected<Minted> mint(const std::string& path, std::int64_t unix_ms);

void add_record(Identity& identity, const std::string& path);

// Writes the user's choice; does nothing when all is written already. Waits at most one
// second for other writers; then enabling fails, and disabling goes ahead, because an
// opt-out matters more than whatever the other writer had to say. Fails on a broken file
// (which is off already), and says so by name.
[[nodiscard]] Done set_enabled(const std::string& path, bool enabled, std::int64_t unix_ms);

// Writes an opt-out into the file that had to be left beside it, if there is one and no other
// writer is at work.
void finish_opt_out(const std::string& path, std::int64_t unix_ms);

// Runs `show` (which answers whether it could) and records the version, in exactly one of
// any number of processes; the others return false at once. Shows nothing when there is
// no valid file, when it says off, and when it can't be locked, i.e. the home can't be
// written. A process killed between showing and recording makes the next one show again.
template <typename Show>
bool show_notice_once(const std::string& path, std::uint32_t version, std::int64_t unix_ms,
                      Show show);

// Lower-case hex of sha256(install_id + ":" + canonical absolute directory).
// Every symlink in it is followed, also one whose target doesn't exist; what doesn't exist is made
// absolute by its text, so that creating the directory doesn't change its id. Empty when either
// argument is. Costs a system call for each component.
[[nodiscard]] std::string project_id(std::string_view install_id, const std::string& directory);
inline constexpr std::size_t kProjectIdBytes = 64;
[[nodiscard]] bool is_project_id(std::string_view id) noexcept;

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
