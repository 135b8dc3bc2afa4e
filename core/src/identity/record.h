// HOME/consent.json: what is known of the user's choice beyond telemetry.json, whose format is
// closed.
//
//   {"version": 1,
//    "choice": {"enabled": false, "by": "user", "at": TIME},
//    "firstRun": "pending",
//    "otherKeys": {...}}
//
// Everything but the version is optional. The file is read strictly: with another key, another
// type or a version above kRecordVersion it counts as absent, and a newer version is never
// overwritten. `choice` counts only while telemetry.json says the same; without it a choice is
// the default's. `otherKeys` keeps what stood in telemetry.json beside the five keys of its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace candor::identity {

inline constexpr std::uint32_t kRecordVersion = 1;
inline constexpr std::size_t kRecordBytesMax = 256 * 1024;

struct Record {
  struct Choice {
    bool enabled = false;
    bool by_user = false;  // else the default's
    std::string at;
  };
  std::optional<Choice> choice;
  // The install id was made by a choice, and no client has run with it yet.
  bool first_run_pending = false;
  std::string other_keys;  // a JSON object as text; empty: none
};

// The record that belongs to the telemetry.json at `path`; an empty one when it can't be used.
[[nodiscard]] Record read_record(const std::string& path);
// Keeps `others`, a JSON object as text, with those that are there already.
[[nodiscard]] Done keep_others(const std::string& path, const std::string& others);
// Fails with EEXIST when a newer version wrote the file that is there.
[[nodiscard]] Done write_record(const std::string& path, const Record& record);

}  // namespace candor::identity
