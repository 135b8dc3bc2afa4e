// Reading members of a JSON object that may be missing or of another type.
// Templates over the JSON type, so that no header names the library.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace candor::upload {

template <typename Json>
std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->template get<std::string>() : "";
}

template <typename Json>
bool flag_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->template get<bool>();
}

// The integer there, moved into low..high; `otherwise` when there is none.
template <std::integral T, typename Json>
T number_at(const Json& object, const char* key, T otherwise, T low, T high) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return otherwise;
  if (found->is_number_unsigned()) {
    const auto value = found->template get<std::uint64_t>();
    if (!std::in_range<std::int64_t>(value)) return high;
  }
  const auto value = found->template get<std::int64_t>();
  if (std::cmp_less(value, low)) return low;
  return std::cmp_greater(value, high) ? high : static_cast<T>(value);
}

// Replaces what is not UTF-8 instead of throwing.
template <typename Json>
std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace candor::upload
