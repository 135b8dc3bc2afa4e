// How files of consent are read: strictly, because whatever is doubtful means "off".
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace candor::identity {

// The file's text; nothing when there is no such file, nor a directory for it. A dangling
// link, a file in the place of a directory and a directory in the place of the file are errors.
[[nodiscard]] Expected<std::optional<std::string>> read_if_there(const std::string& path,
                                                                 std::size_t bytes_max);

// The same of a file that must belong to the effective user; so must a symbolic link to it.
[[nodiscard]] Expected<std::optional<std::string>> read_own_if_there(const std::string& path,
                                                                     std::size_t bytes_max);

inline constexpr int kJsonDepthMax = 32;

// `text` when it is exactly one JSON object (RFC 8259; a byte order mark is tolerated) with
// no key twice in any object and no deeper than kJsonDepthMax; else nothing. A key given
// twice would let one of two answers win unseen. A template, so that no JSON library shows
// in a header.
template <typename Json>
std::optional<Json> parse_object(std::string_view text) {
  // The parser takes a NUL byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  using Event = typename Json::parse_event_t;
  bool acceptable = true;
  std::vector<std::set<std::string>> open_objects;
  const auto watch = [&](int depth, Event event, Json& parsed) {
    if (!acceptable) return false;  // keeps nothing of what follows
    if (event == Event::object_start) open_objects.emplace_back();
    if (event == Event::object_end) open_objects.pop_back();
    if (event == Event::key) {
      acceptable = open_objects.back().insert(parsed.template get<std::string>()).second;
    }
    if (depth > kJsonDepthMax) acceptable = false;
    return acceptable;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (!acceptable || json.is_discarded() || !json.is_object()) return std::nullopt;
  return json;
}

}  // namespace candor::identity
