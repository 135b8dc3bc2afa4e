// HOME/telemetry.json as bytes: how it is read, what it holds, and how a writer replaces it so
// that no opt-out is lost. The format is closed: five keys, of which three are required by its
// other readers, so a file that is written here always has those three and no sixth.
// docs/consent.md names the races and what closes each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace candor::identity {

inline constexpr std::size_t kFileBytesMax = 64 * 1024;

// The five keys. An empty text is an absent key.
struct Contents {
  std::string install_id;  // a lower-case UUID
  std::optional<bool> enabled;
  std::string created_at;
  std::string notice_shown_at;
  std::optional<std::uint32_t> notice_version;

  // Fills in what the format requires: a new random id, `enabled`, the time.
  void complete(bool enabled_if_absent, std::int64_t unix_ms);
};

struct TelemetryFile {
  enum class State : std::uint8_t { absent, valid, broken };
  State state = State::absent;
  std::string problem;  // broken: why, naming the file
  std::string text;     // as read
  Contents contents;
  std::string others;  // keys beside the five, as one JSON object; empty when there are none
  // The format's strict readers accept the file: the required keys, no others, plain JSON.
  bool strict = false;
  // An opt-out that could not take the lock stands beside the file (see `mark`).
  bool marked = false;

  [[nodiscard]] bool says_no() const noexcept { return marked || contents.enabled == false; }
};

// Looks for the mark first and then reads the file, so that a mark which is removed meanwhile,
// because the file says no by now, is not missed.
[[nodiscard]] TelemetryFile load(const std::string& path);

// The mark of an opt-out: PATH.off, an empty file. Every reader takes it for "enabled": false,
// whatever the file says, and every writer looks for it after its rename.
[[nodiscard]] std::string mark_path(const std::string& path);
[[nodiscard]] bool marked(const std::string& path) noexcept;
[[nodiscard]] Done mark(const std::string& path);
// Writes "enabled": false into the file if there is a mark, and then removes the mark. Only for
// the holder of the lock. False when the mark has to stay.
bool settle_mark(const std::string& path, std::int64_t unix_ms);

enum class Replaced : std::uint8_t {
  done,
  changed,    // somebody else wrote the file meanwhile: nothing was written, load it again
  opted_out,  // a mark appeared: the file says no now
};
// Creates the file; fails with EEXIST when there is one.
[[nodiscard]] Done create(const std::string& path, const Contents& contents);
// Replaces the file that was read as `from`. A writer that says anything but no gives way to
// every other writer: it looks directly before its rename and at what the rename replaced.
[[nodiscard]] Expected<Replaced> replace(const std::string& path, const TelemetryFile& from,
                                         const Contents& to, std::int64_t unix_ms);

[[nodiscard]] std::string timestamp(std::int64_t unix_ms);

}  // namespace candor::identity
