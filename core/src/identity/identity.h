// Who this install is: HOME/telemetry.json, read and written so that no crash, race
// or foreign hand ever loses an opt-out or mints a second identity.
//
//   {"installId": UUID, "enabled": true, "createdAt": TIME, "noticeShownAt": TIME, "noticeShownVersion": 1}
//
// All keys are optional and unknown keys are kept. TIME is RFC 3339.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace candor::identity {

inline constexpr std::size_t kFileBytesMax = 64 * 1024;

struct Identity {
  enum class State : std::uint8_t {
    absent,   // no file: nobody decided anything yet
    valid,    // understood
    broken,   // exists but can't be read or understood: means disabled, never overwritten
  };
  State state = State::absent;
  std::string problem;              // broken: why, naming the file
  std::string install_id;           // a lower-case UUID, or empty
  std::optional<bool> enabled;
  std::uint32_t notice_version = 0; // the newest notice this user has seen
};

[[nodiscard]] Identity read(const std::string& path);

struct Minted {
  Identity identity;
  bool ours = false;  // true in exactly one of any number of processes
};
// The identity at `path`, created when there is none, completed when it has no
// install id. Fails when the home can't be written, or the file is broken.
[[nodiscard]] Expected<Minted> mint(const std::string& path, std::int64_t unix_ms);

// Writes the user's choice. Fails on a broken file, and says so by name.
[[nodiscard]] Done set_enabled(const std::string& path, bool enabled, std::int64_t unix_ms);

// Runs `show` (which answers whether it could) and records the version, in
// exactly one of any number of processes; the others return at once. Never waits.
template <typename Show>
bool show_notice_once(const std::string& path, std::uint32_t version, std::int64_t unix_ms, Show show);

// Lower-case hex of sha256(install_id + ":" + canonical absolute directory).
// Symlinks are resolved; a directory that doesn't exist is made absolute by its text.
[[nodiscard]] std::string project_id(std::string_view install_id, const std::string& directory);

namespace detail {
class NoticeTurn {  // holds the lock while the notice is being shown
 public:
  NoticeTurn(std::string path, std::uint32_t version);
  ~NoticeTurn();
  NoticeTurn(const NoticeTurn&) = delete;
  NoticeTurn& operator=(const NoticeTurn&) = delete;
  [[nodiscard]] bool ours() const noexcept { return lock_ >= 0; }
  bool record(std::int64_t unix_ms);

 private:
  std::string path_;
  std::uint32_t version_;
  int lock_ = -1;
};
}  // namespace detail

template <typename Show>
bool show_notice_once(const std::string& path, std::uint32_t version, std::int64_t unix_ms,
                      Show show) {
  detail::NoticeTurn turn(path, version);
  return turn.ours() && show() && turn.record(unix_ms);
}

}  // namespace candor::identity
