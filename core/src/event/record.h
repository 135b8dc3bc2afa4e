// What the spool keeps of one event: who it is about, then its canonical bytes.
//
//   byte 0    version, 1
//   byte 1    n: bytes of the distinct id, 1..200
//   byte 2    m: bytes of the project id, 0 or 64
//   byte 3    0
//   n + m     the two, as UTF-8
//   rest      the canonical bytes
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace candor::event {

struct Record {
  std::string_view distinct_id;
  std::string_view project;  // empty: none
  std::string_view bytes;    // {"event":..,"uuid":..,"timestamp":..,"properties":{..}}
};

inline constexpr unsigned char kRecordVersion = 1;
inline constexpr std::size_t kDistinctIdBytesMax = 200;

// The header that goes before the canonical bytes; appends to `to` (a Buffer or a string).
template <typename Out>
void append_record_header(Out& to, std::string_view distinct_id, std::string_view project) {
  const char head[4] = {static_cast<char>(kRecordVersion), static_cast<char>(distinct_id.size()),
                        static_cast<char>(project.size()), 0};
  to.append(std::string_view(head, sizeof head));
  to.append(distinct_id);
  to.append(project);
}

// Views into `payload`; nothing when it is no such record.
[[nodiscard]] inline std::optional<Record> parse_record(std::string_view payload) noexcept {
  if (payload.size() < 4 || static_cast<unsigned char>(payload[0]) != kRecordVersion) return {};
  const std::size_t n = static_cast<unsigned char>(payload[1]);
  const std::size_t m = static_cast<unsigned char>(payload[2]);
  if (n == 0 || payload.size() < 4 + n + m) return {};
  const std::string_view bytes = payload.substr(4 + n + m);
  if (bytes.size() < 4 || bytes.front() != '{' || !bytes.ends_with("}}")) return {};
  return Record{payload.substr(4, n), payload.substr(4 + n, m), bytes};
}

// One line for people: who the event is about, null when that is not known, its project if it has
// one, and its canonical bytes, as one JSON object.
[[nodiscard]] inline std::string to_line(const Record& record) {
  std::string line = "{\"distinct_id\":";
  if (record.distinct_id.empty()) {
    line += "null";
  } else {
    append_json_string(line, record.distinct_id);
  }
  if (!record.project.empty()) {
    line += ",\"project\":";
    append_json_string(line, record.project);
  }
  return line.append(",").append(record.bytes.substr(1));
}

}  // namespace candor::event
