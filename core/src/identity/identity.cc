#include "identity/identity.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "identity/strict_file.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/random.h"

namespace candor::identity {
namespace {

// Keeps the order in which a user wrote the keys.
using Json = nlohmann::ordered_json;

constexpr int kUserWaitMs = 1000;    // a person typed the command that waits
constexpr int kProgramWaitMs = 100;  // a program waits; a rewrite takes a few milliseconds
constexpr int kRacesMax = 8;         // how often the file may change under one writer

struct File {
  Identity identity;
  Json json = Json::object();
};

bool says_no(const Identity& identity) { return identity.enabled == false; }

File broken(std::string problem) {
  File file;
  file.identity.state = Identity::State::broken;
  file.identity.problem = std::move(problem);
  return file;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return text;
}

// Fills `identity`; answers the key whose value has the wrong type, or null.
const char* interpret(const Json& json, Identity& identity) {
  if (const auto at = json.find("installId"); at != json.end()) {
    if (!at->is_string()) return "installId";
    identity.install_id = lower(at->get<std::string>());
    if (!is_uuid(identity.install_id)) return "installId";
  }
  if (const auto at = json.find("enabled"); at != json.end()) {
    if (!at->is_boolean()) return "enabled";
    identity.enabled = at->get<bool>();
  }
  if (const auto at = json.find("noticeShownVersion"); at != json.end()) {
    if (!at->is_number_unsigned()) return "noticeShownVersion";
    const auto version = at->get<std::uint64_t>();
    if (version > std::numeric_limits<std::uint32_t>::max()) return "noticeShownVersion";
    identity.notice_version = static_cast<std::uint32_t>(version);
  }
  for (const char* key : {"createdAt", "noticeShownAt"}) {
    if (const auto at = json.find(key); at != json.end() && !at->is_string()) return key;
  }
  return nullptr;
}

File parse(const std::string& path, const std::string& text) {
  auto json = parse_object<Json>(text);
  if (!json) return broken(path + " is not one JSON object with each key once");
  File file;
  file.identity.state = Identity::State::valid;
  if (const char* key = interpret(*json, file.identity)) {
    return broken(path + " has a value that \"" + key + "\" can't have");
  }
  file.json = std::move(*json);
  return file;
}

File load(const std::string& path) {
  const auto text = read_if_there(path, kFileBytesMax);
  if (!text) return broken(text.error().text);
  return *text ? parse(path, **text) : File{};
}

std::string text_of(const Json& json) {
  const auto text = [&](int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  std::string pretty = text(2);
  return pretty.size() <= kFileBytesMax ? pretty : text(-1);
}

Done save(const std::string& path, const Json& json) {
  const std::string text = text_of(json);
  // A file that grew past what we read would turn from valid to broken.
  if (text.size() > kFileBytesMax) {
    return Error{path + " would grow past " + std::to_string(kFileBytesMax) + " bytes", EFBIG};
  }
  return file::write_atomic(path, text);
}

std::string timestamp(std::int64_t unix_ms) {
  std::array<char, kTimestampBytes> text{};
  format_timestamp(unix_ms, text);
  return {text.data(), text.size()};
}

std::string new_install_id() {
  const UuidText id = uuid4();
  return {id.data(), id.size()};
}

std::string lock_path(const std::string& path) { return path + ".lock"; }

Done make_parent(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return {};
  return file::make_dirs(path.substr(0, slash));
}

Minted minted(const Json& json, bool ours) {
  Minted result;
  result.ours = ours;
  result.identity.state = Identity::State::valid;
  interpret(json, result.identity);
  return result;
}

}  // namespace

Identity read(const std::string& path) { return load(path).identity; }

Expected<Minted> mint(const std::string& path, std::int64_t unix_ms) {
  for (int i = 0; i < kRacesMax; ++i) {
    File file = load(path);
    if (file.identity.state == Identity::State::broken) return Error{file.identity.problem};
    if (!file.identity.install_id.empty()) return Minted{std::move(file.identity), false};
    if (says_no(file.identity)) return Error{path + " switches telemetry off"};

    if (file.identity.state == Identity::State::absent) {
      if (auto made = make_parent(path); !made) return made.error();
      const Json json = {
          {"installId", new_install_id()}, {"enabled", true}, {"createdAt", timestamp(unix_ms)}};
      auto created = file::create_atomic(path, text_of(json));
      if (created) return minted(json, true);
      if (created.error().code != EEXIST) return created.error();
      continue;
    }

    const auto lock = LockFile::acquire(lock_path(path), kProgramWaitMs);
    if (!lock) return lock.error();
    file = load(path);
    const Identity& now = file.identity;
    if (now.state != Identity::State::valid || !now.install_id.empty() || says_no(now)) continue;
    file.json["installId"] = new_install_id();
    if (!now.enabled) file.json["enabled"] = true;
    if (!file.json.contains("createdAt")) file.json["createdAt"] = timestamp(unix_ms);
    if (auto saved = save(path, file.json); !saved) return saved.error();
    return minted(file.json, true);
  }
  return Error{path + " keeps changing"};
}

Done set_enabled(const std::string& path, bool enabled, std::int64_t unix_ms) {
  // Outside the lock, so that what is so already succeeds in a home that can't be written.
  const Identity before = read(path);
  if (before.enabled == enabled) return {};
  if (before.state == Identity::State::absent) {
    if (auto made = make_parent(path); !made) return made;
  }
  const auto lock = LockFile::acquire(lock_path(path), kUserWaitMs);
  if (!lock && enabled) return lock.error();

  for (int i = 0; i < kRacesMax; ++i) {
    File file = load(path);
    if (file.identity.state == Identity::State::broken) {
      return Error{file.identity.problem + "; telemetry stays off until it is mended or deleted"};
    }
    if (file.identity.enabled == enabled) return {};
    file.json["enabled"] = enabled;
    if (file.identity.state == Identity::State::valid) { return save(path, file.json); }
    file.json["createdAt"] = timestamp(unix_ms);
    auto created = file::create_atomic(path, text_of(file.json));
    if (created || created.error().code != EEXIST) return created;
  }
  return Error{path + " keeps changing"};
}

std::string project_id(std::string_view install_id, const std::string& directory) {
  if (install_id.empty() || directory.empty()) return {};
  std::error_code failed;
  std::filesystem::path absolute = std::filesystem::absolute(directory, failed);
  if (failed) absolute = directory;
  std::filesystem::path canonical = std::filesystem::weakly_canonical(absolute, failed);
  if (failed) canonical = absolute.lexically_normal();
  std::string text = canonical.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return sha256_hex(std::string(install_id) + ":" + text);
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
  return identity.state == Identity::State::valid && !says_no(identity) &&
         identity.notice_version < version_;
}

bool NoticeTurn::record(std::int64_t unix_ms) {
  const auto lock = LockFile::acquire(lock_path(path_), kProgramWaitMs);
  if (!lock) return false;
  // The user may have opted out while the notice was on the screen: then nothing is written.
  File file = load(path_);
  if (file.identity.state != Identity::State::valid || says_no(file.identity)) return false;
  file.json["noticeShownAt"] = timestamp(unix_ms);
  file.json["noticeShownVersion"] = version_;
  return save(path_, file.json).ok();
}

}  // namespace detail
}  // namespace candor::identity
