#include "identity/identity.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "identity/record.h"
#include "identity/telemetry_file.h"
#include "platform/file.h"

namespace candor::identity {
namespace {

using State = TelemetryFile::State;

constexpr int kUserWaitMs = 1000;    // a person typed the command that waits
constexpr int kProgramWaitMs = 100;  // a program waits; a rewrite takes a few milliseconds
constexpr int kRacesMax = 8;         // how often the file may change under one writer

Identity identity_of(const TelemetryFile& file) {
  Identity identity;
  identity.state = file.state == State::absent  ? Identity::State::absent
                   : file.state == State::valid ? Identity::State::valid
                                                : Identity::State::broken;
  identity.problem = file.problem;
  identity.install_id = file.contents.install_id;
  identity.enabled = file.contents.enabled;
  identity.notice_version = file.contents.notice_version.value_or(0);
  identity.marked = file.marked;
  if (file.marked) identity.enabled = false;
  return identity;
}

Minted minted(const Contents& contents) {
  Minted result;
  result.ours = true;
  result.identity.state = Identity::State::valid;
  result.identity.install_id = contents.install_id;
  result.identity.enabled = contents.enabled;
  result.identity.notice_version = contents.notice_version.value_or(0);
  return result;
}

// The lock of all writers. An opt-out that had no time to wait for it is settled by its holder.
class Writing {
 public:
  static Expected<Writing> begin(const std::string& path, int wait_ms, std::int64_t unix_ms) {
    auto lock = LockFile::acquire(path + ".lock", wait_ms);
    if (!lock) return lock.error();
    settle_mark(path, unix_ms);
    return Writing(path, std::move(*lock), unix_ms);
  }
  Writing(Writing&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        unix_ms_(other.unix_ms_),
        lock_(std::move(other.lock_)) {}
  Writing& operator=(Writing&&) = delete;
  ~Writing() {
    if (!path_.empty()) settle_mark(path_, unix_ms_);
  }

 private:
  Writing(std::string path, LockFile lock, std::int64_t unix_ms)
      : path_(std::move(path)), unix_ms_(unix_ms), lock_(std::move(lock)) {}

  std::string path_;
  std::int64_t unix_ms_;
  LockFile lock_;
};

// The directory of the file, made if need be so that it lasts.
Done make_parent(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return {};
  const std::string dir = path.substr(0, slash);
  struct stat info {};
  if (::stat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  if (auto made = file::make_dirs(dir); !made) return made;
  return file::sync_directory_of(dir);
}

// Writes `to` where `from` was read. The keys that the format does not have are kept elsewhere
// first.
Expected<Replaced> store(const std::string& path, const TelemetryFile& from, const Contents& to,
                         std::int64_t unix_ms) {
  if (from.state != State::absent) {
    auto kept = keep_others(path, from.others);
    // An opt-out matters more than keys that nobody reads.
    if (!kept && to.enabled != false) return kept.error();
    return replace(path, from, to, unix_ms);
  }
  const Done created = create(path, to);
  if (created) return Replaced::done;
  if (created.error().code == EEXIST) return Replaced::changed;
  return created.error();
}

// Notes that it was the user who chose. Without the note the choice counts all the same, as the
// default's.
void note_choice(const std::string& path, bool enabled, bool first_run_pending,
                 std::int64_t unix_ms) {
  Record record = read_record(path);
  const bool noted = record.choice && record.choice->by_user && record.choice->enabled == enabled;
  if (noted && (record.first_run_pending || !first_run_pending)) return;
  if (!noted) record.choice = Record::Choice{enabled, true, timestamp(unix_ms)};
  record.first_run_pending |= first_run_pending;
  static_cast<void>(write_record(path, record));
}

// One process takes the first run that a choice left pending.
bool claim_first_run(const std::string& path, std::int64_t unix_ms) {
  if (!read_record(path).first_run_pending) return false;
  const auto writing = Writing::begin(path, kProgramWaitMs, unix_ms);
  if (!writing) return false;
  Record record = read_record(path);
  return std::exchange(record.first_run_pending, false) && write_record(path, record).ok();
}

Done write_choice(const std::string& path, bool enabled, std::int64_t unix_ms) {
  for (int i = 0; i < kRacesMax; ++i) {
    const TelemetryFile file = load(path);
    if (file.state == State::broken) {
      return Error{file.problem + "; telemetry stays off until it is mended or deleted"};
    }
    if (enabled && file.marked) return Error{path + " was disabled by another process meanwhile"};
    const bool says_so = file.contents.enabled == enabled;
    const bool is_new = file.contents.install_id.empty();
    if (!says_so || !file.strict) {
      Contents to = file.contents;
      to.enabled = enabled;
      to.complete(enabled, unix_ms);
      const auto stored = store(path, file, to, unix_ms);
      if (!stored && says_so) return {};
      if (!stored) return stored.error();
      if (*stored == Replaced::opted_out) {
        return Error{path + " was disabled by another process meanwhile"};
      }
      if (*stored == Replaced::changed) continue;
    }
    note_choice(path, enabled, is_new, unix_ms);
    return {};
  }
  return Error{path + " keeps changing"};
}

// Another writer holds the lock, and may bring an older copy of the file whenever it goes on. So
// the mark comes first, for it to find after its rename.
Done opt_out_without_lock(const std::string& path, std::int64_t unix_ms) {
  for (int i = 0; i < kRacesMax; ++i) {
    // Where it can't be made, no lock can be held either.
    const bool is_marked = mark(path).ok();
    if (auto written = write_choice(path, false, unix_ms); !written || !is_marked) return written;
    // The holder may have settled the mark before our write.
    if (marked(path)) {
      static_cast<void>(Writing::begin(path, 0, unix_ms));
      return {};
    }
  }
  return Error{path + " keeps changing"};
}

}  // namespace

Identity read(const std::string& path) { return identity_of(load(path)); }

Expected<Minted> mint(const std::string& path, std::int64_t unix_ms) {
  for (int i = 0; i < kRacesMax; ++i) {
    const TelemetryFile seen = load(path);
    if (seen.state == State::broken) return Error{seen.problem};
    if (!seen.contents.install_id.empty()) {
      return Minted{identity_of(seen), !seen.says_no() && claim_first_run(path, unix_ms)};
    }
    if (seen.says_no()) return Error{path + " switches telemetry off"};

    Contents to = seen.contents;
    to.complete(true, unix_ms);
    if (seen.state == State::absent) {
      if (auto made = make_parent(path); !made) return made.error();
      const auto stored = store(path, seen, to, unix_ms);
      if (!stored) return stored.error();
      if (*stored == Replaced::done) return minted(to);
      continue;
    }
    const auto writing = Writing::begin(path, kProgramWaitMs, unix_ms);
    if (!writing) return writing.error();
    const TelemetryFile file = load(path);
    if (file.text != seen.text || file.says_no()) continue;
    const auto stored = store(path, file, to, unix_ms);
    if (!stored) return stored.error();
    if (*stored == Replaced::done) return minted(to);
  }
  return Error{path + " keeps changing"};
}

void add_record(Identity& identity, const std::string& path) {
  const Record record = read_record(path);
  identity.first_run_pending = record.first_run_pending;
  identity.chosen_by_user =
      record.choice && record.choice->by_user && record.choice->enabled == identity.enabled;
}

Done set_enabled(const std::string& path, bool enabled, std::int64_t unix_ms) {
  const TelemetryFile before = load(path);
  if (before.state == State::absent) {
    if (auto made = make_parent(path); !made) return made;
  }
  const auto writing = Writing::begin(path, kUserWaitMs, unix_ms);
  if (writing) return write_choice(path, enabled, unix_ms);
  if (!enabled) return opt_out_without_lock(path, unix_ms);
  // What is so already succeeds in a home that can't be written.
  if (before.contents.enabled == true && !before.marked) return {};
  return writing.error();
}

void finish_opt_out(const std::string& path, std::int64_t unix_ms) {
  if (marked(path)) static_cast<void>(Writing::begin(path, 0, unix_ms));
}

namespace detail {

NoticeTurn::NoticeTurn(std::string path, std::uint32_t version)
    : path_(std::move(path)), version_(version) {
  if (!due()) return;
  auto lock = LockFile::try_acquire(path_ + ".notice");
  // Asked again, because the last holder may have shown it between our look and our lock.
  if (lock && due()) lock_.emplace(std::move(*lock));
}

bool NoticeTurn::due() const {
  const Identity identity = read(path_);
  return identity.state == Identity::State::valid && identity.enabled != false &&
         identity.notice_version < version_;
}

bool NoticeTurn::record(std::int64_t unix_ms) {
  const auto writing = Writing::begin(path_, kProgramWaitMs, unix_ms);
  if (!writing) return false;
  for (int i = 0; i < kRacesMax; ++i) {
    // The user may have opted out while the notice was on the screen: then nothing is written.
    const TelemetryFile file = load(path_);
    if (file.state != State::valid || file.says_no()) return false;
    Contents to = file.contents;
    to.notice_shown_at = timestamp(unix_ms);
    to.notice_version = version_;
    to.complete(true, unix_ms);
    const auto stored = store(path_, file, to, unix_ms);
    if (!stored || *stored == Replaced::opted_out) return false;
    if (*stored == Replaced::done) return true;
  }
  return false;
}

}  // namespace detail
}  // namespace candor::identity
