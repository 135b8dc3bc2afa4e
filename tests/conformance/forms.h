// The forms in which vectors are written (README.md lists them), as values of C++.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "candor/event.h"
#include "candor/options.h"

namespace candor::test {

using Json = nlohmann::ordered_json;

// Keeps what converted values point to.
class Arena {
 public:
  std::string_view text(const Json& json) {
    if (json.is_string()) return keep(json.get<std::string>());
    if (const Json* repeat = tag(json, "$repeat")) {
      std::string repeated;
      for (int i = 0; i < repeat->at(1); ++i) repeated += repeat->at(0).get<std::string>();
      return keep(std::move(repeated));
    }
    const std::string hex = json.at("$bytes");
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return keep(std::move(bytes));
  }

  Value value(const Json& json) {
    if (json.is_null()) return {};
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_unsigned()) return json.get<std::uint64_t>();
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_number_float()) return json.get<double>();
    if (json.is_string()) return text(json);
    if (json.is_array()) {
      std::vector<Value> items;
      for (const Json& item : json) items.push_back(value(item));
      return Value::array(arrays_.emplace_back(std::move(items)).data(), json.size());
    }
    if (tag(json, "$repeat") || tag(json, "$bytes")) return text(json);
    if (tag(json, "$unsupported")) return Value::unsupported();
    if (const Json* number = tag(json, "$float"))
      return std::strtod(number->get<std::string>().c_str(), nullptr);
    if (const Json* number = tag(json, "$number")) return special(number->get<std::string>());
    if (const Json* number = tag(json, "$int")) return integer(number->get<std::string>());
    const Json* pairs = tag(json, "$pairs");
    const std::vector<Field>& entries = fields(pairs ? *pairs : json);
    return Value::object(entries.data(), entries.size());
  }

  // An object's, or those of a list of pairs.
  const std::vector<Field>& fields(const Json& json) {
    std::vector<Field> fields;
    if (json.is_array()) {
      for (const Json& pair : json) fields.push_back({text(pair.at(0)), value(pair.at(1))});
    } else {
      for (const auto& [name, item] : json.items()) fields.push_back({keep(name), value(item)});
    }
    return objects_.emplace_back(std::move(fields));
  }

 private:
  static const Json* tag(const Json& json, const char* name) {
    return json.is_object() && json.size() == 1 && json.contains(name) ? &json.at(name) : nullptr;
  }

  static double special(const std::string& name) {
    if (name == "-0") return -0.0;
    if (name == "NaN") return std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    return name == "Infinity" ? infinity : -infinity;
  }

  static Value integer(const std::string& digits) {
    const char* const end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (std::from_chars(digits.data(), end, integer).ec == std::errc{}) return integer;
    std::uint64_t large = 0;
    if (std::from_chars(digits.data(), end, large).ec == std::errc{}) return large;
    return std::strtod(digits.c_str(), nullptr);
  }

  std::string_view keep(std::string text) { return strings_.emplace_back(std::move(text)); }

  std::deque<std::string> strings_;
  std::deque<std::vector<Value>> arrays_;
  std::deque<std::vector<Field>> objects_;
};

using Sources = std::map<std::string, SourceValue, std::less<>>;

// `json` laid over `sources`; null takes a source away.
inline void lay_over(Sources& sources, const Json& json) {
  Arena arena;
  for (const auto& [name, given] : json.items()) {
    const Value value = arena.value(given);
    switch (value.kind()) {
      case Value::Kind::boolean: sources[name] = value.boolean(); break;
      case Value::Kind::integer: sources[name] = value.integer(); break;
      case Value::Kind::number: sources[name] = value.number(); break;
      case Value::Kind::string: sources[name] = std::string(value.string()); break;
      default: sources.erase(name);
    }
  }
}

}  // namespace candor::test
