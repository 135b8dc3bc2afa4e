#include "spool/home.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "platform/clock.h"
#include "spool/format.h"

namespace candor::spool {
namespace {

std::string root_in(const std::string& home) { return home + "/telemetry-spool"; }

// What follows the last dot of a spool's name, if it is a version.
std::string_view version_of(std::string_view directory_name) noexcept {
  const std::size_t dot = directory_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const std::string_view version = directory_name.substr(dot + 1);
  const bool digits =
      std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? version : std::string_view();
}

// In every format these hold counts, or nothing; every other file may hold records.
bool holds_no_records(std::string_view file_name) noexcept {
  return file_name.ends_with(".lock") || file_name.ends_with(".tomb") || file_name == "ledger";
}

// The magic and the place and values of the state are the same in every format: a living writer
// of that format sees that its records were purged, and does not bring them back.
void mark_purged(const std::string& path, Files files) {
  const auto file = files.open_own(path, Access::change);
  if (!file) return;
  char magic[sizeof kMagic] = {};
  const auto read = file->read_at(std::as_writable_bytes(std::span(magic)), 0);
  if (!read || *read != sizeof magic || !std::equal(magic, magic + sizeof magic, kMagic)) return;
  const State purged = State::purged;
  static_cast<void>(file->write_at(std::as_bytes(std::span(&purged, 1)), offsetof(Header, state)));
}

void purge_other_format(const std::string& dir, Purge& purged, Files files) {
  const auto names = files.list(dir);
  if (!names) {
    purged.add(Purge{.problem = names.error().text});
    return;
  }
  for (const std::string& name : *names) {
    if (holds_no_records(name)) continue;
    const std::string path = dir + "/" + name;
    if (name.ends_with(".seg")) mark_purged(path, files);
    purge_file(path, purged, files);
  }
}

// Calls `each` with the spools of this format, and empties those of others.
template <typename Each>
void for_each_spool(const std::string& home, Purge& purged, Files files, Each each) {
  const std::string root = root_in(home);
  const auto names = files.list(root);
  if (!names) {
    // A file in the place of the directory holds no spools.
    if (names.error().code != ENOTDIR) purged.add({.problem = names.error().text});
    return;
  }
  for (const std::string& name : *names) {
    const std::string_view version = version_of(name);
    const std::string dir = root + "/" + name;
    if (version.empty()) continue;
    const auto info = files.link_info(dir);
    if (!info && info.error().code != ENOENT) purged.add({.problem = info.error().text});
    // A link may lead to files that are no spool.
    if (!info || info->kind != FileInfo::Kind::directory) continue;
    if (version == std::to_string(kFormatVersion)) {
      each(dir);
    } else {
      purge_other_format(dir, purged, files);
    }
  }
}

}  // namespace

std::string directory_in(const std::string& home, std::string_view catalog) {
  return root_in(home) + "/" + std::string(catalog) + "." + std::to_string(kFormatVersion);
}

Purge purge_home(const std::string& home, Files files) {
  Purge purged;
  for_each_spool(home, purged, files,
                 [&](const std::string& dir) { purged.add(purge(dir, files)); });
  return purged;
}

Halt withdraw_home(const std::string& home, std::int64_t wait_ms, Purge& purged, Files files) {
  const std::int64_t deadline_ms = steady_ms() + wait_ms;
  Halt worst = Halt::idle;
  for_each_spool(home, purged, files, [&](const std::string& dir) {
    worst = std::max(worst, withdraw(dir, deadline_ms, purged, files));
  });
  return worst;
}

}  // namespace candor::spool
