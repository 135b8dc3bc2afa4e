#include "identity/telemetry_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
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

constexpr int kSettleTriesMax = 8;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return text;
}

// Fills `contents` and `others`; answers the key whose value has the wrong type, or null.
const char* interpret(const Json& json, Contents& contents, Json& others) {
  for (const auto& [key, value] : json.items()) {
    if (key == "installId") {
      if (!value.is_string()) return "installId";
      contents.install_id = lower(value.get<std::string>());
      if (!is_uuid(contents.install_id)) return "installId";
    } else if (key == "enabled") {
      if (!value.is_boolean()) return "enabled";
      contents.enabled = value.get<bool>();
    } else if (key == "noticeShownVersion") {
      if (!value.is_number_unsigned()) return "noticeShownVersion";
      const auto version = value.get<std::uint64_t>();
      if (version > std::numeric_limits<std::uint32_t>::max()) return "noticeShownVersion";
      contents.notice_version = static_cast<std::uint32_t>(version);
    } else if (key == "createdAt") {
      if (!value.is_string()) return "createdAt";
      contents.created_at = value.get<std::string>();
    } else if (key == "noticeShownAt") {
      if (!value.is_string()) return "noticeShownAt";
      contents.notice_shown_at = value.get<std::string>();
    } else {
      others[key] = value;
    }
  }
  return nullptr;
}

TelemetryFile broken(std::string problem) {
  TelemetryFile file;
  file.state = TelemetryFile::State::broken;
  file.problem = std::move(problem);
  return file;
}

TelemetryFile parse(const std::string& path, std::string text) {
  const auto json = parse_object<Json>(text);
  if (!json) return broken(path + " is not one JSON object with each key once");
  TelemetryFile file;
  file.state = TelemetryFile::State::valid;
  Json others = Json::object();
  if (const char* key = interpret(*json, file.contents, others)) {
    return broken(path + " has a value that \"" + key + "\" can't have");
  }
  if (!others.empty()) others.dump().swap(file.others);
  const Contents& contents = file.contents;
  file.strict = others.empty() && !contents.install_id.empty() && contents.enabled &&
                !contents.created_at.empty() && !text.starts_with(kByteOrderMark);
  file.text = std::move(text);
  return file;
}

std::string text_of(const Contents& contents) {
  Json json = {{"installId", contents.install_id},
               {"enabled", contents.enabled.value_or(false)},
               {"createdAt", contents.created_at}};
  if (!contents.notice_shown_at.empty()) json["noticeShownAt"] = contents.notice_shown_at;
  if (contents.notice_version) json["noticeShownVersion"] = *contents.notice_version;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Where a write goes: what a symbolic link of the user's leads to, so that the link stays one.
Expected<std::string> target_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
  char* const real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return Error{"cannot follow " + path, errno};
  std::string target(real);
  std::free(real);
  return target;
}

}  // namespace

void Contents::complete(bool enabled_if_absent, std::int64_t unix_ms) {
  if (install_id.empty()) {
    const UuidText id = uuid4();
    install_id.assign(id.data(), id.size());
  }
  if (!enabled) enabled = enabled_if_absent;
  if (created_at.empty()) created_at = timestamp(unix_ms);
}

TelemetryFile load(const std::string& path) {
  const bool is_marked = marked(path);
  auto text = read_own_if_there(path, kFileBytesMax);
  TelemetryFile file = !text   ? broken(text.error().text)
                       : *text ? parse(path, std::move(**text))
                               : TelemetryFile{};
  file.marked = is_marked;
  return file;
}

std::string mark_path(const std::string& path) { return path + ".off"; }

bool marked(const std::string& path) noexcept try {
  struct stat info {};
  return ::lstat(mark_path(path).c_str(), &info) == 0;
} catch (...) { return true; }

Done mark(const std::string& path) {
  const auto fd = file::open_own(mark_path(path), O_WRONLY | O_CREAT);
  if (!fd) return fd.error();
  static_cast<void>(file::sync_directory_of(path));
  return {};
}

bool settle_mark(const std::string& path, std::int64_t unix_ms) {
  if (!marked(path)) return true;
  for (int i = 0; i < kSettleTriesMax; ++i) {
    const TelemetryFile file = load(path);
    if (file.state == TelemetryFile::State::broken) return false;
    if (file.contents.enabled == false) {
      file::remove(mark_path(path));
      return file::sync_directory_of(path).ok();
    }
    Contents no = file.contents;
    no.enabled = false;
    no.complete(false, unix_ms);
    if (file.state == TelemetryFile::State::absent) {
      const Done created = create(path, no);
      if (!created && created.error().code != EEXIST) return false;
    } else if (!replace(path, file, no, unix_ms)) {
      return false;
    }
  }
  return false;
}

Done create(const std::string& path, const Contents& contents) {
  return file::create_atomic(path, text_of(contents));
}

Expected<Replaced> replace(const std::string& path, const TelemetryFile& from, const Contents& to,
                           std::int64_t unix_ms) {
  const bool gives_way = to.enabled != false;
  const auto target = target_of(path);
  if (!target) return target.error();
  const auto temporary = file::write_temporary(*target, text_of(to));
  if (!temporary) return temporary.error();

  // The disk may have taken long: look again before the rename.
  const TelemetryFile now = load(path);
  if (now.text != from.text || now.state != from.state || (gives_way && now.marked)) {
    file::remove(*temporary);
    return Replaced::changed;
  }
  const auto exchanged = file::exchange(*temporary, *target);
  if (!exchanged) {
    file::remove(*temporary);
    return exchanged.error();
  }
  if (!*exchanged) {
    if (auto done = file::put_in_place(*temporary, *target); !done) return done.error();
  } else {
    const auto replaced = file::read_own(*temporary, kFileBytesMax);
    if (gives_way && (!replaced || *replaced != from.text)) {
      if (auto done = file::put_in_place(*temporary, *target); !done) return done.error();
      static_cast<void>(file::sync_directory_of(*target));
      return Replaced::changed;
    }
    file::remove(*temporary);
  }
  if (auto synced = file::sync_directory_of(*target); !synced) return synced.error();
  if (gives_way && marked(path)) {
    settle_mark(path, unix_ms);
    return Replaced::opted_out;
  }
  return Replaced::done;
}

std::string timestamp(std::int64_t unix_ms) {
  std::array<char, kTimestampBytes> text{};
  format_timestamp(unix_ms, text);
  return {text.data(), text.size()};
}

}  // namespace candor::identity
