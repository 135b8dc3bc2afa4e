// The catalog's shapes, compiled for encoding: what is compared with a value lies
// together, and what goes on the wire is already written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "catalog/catalog.h"

namespace candor::event {

struct Member;

struct Choice {
  std::string text;
  std::string json;
};

struct Node {
  catalog::Type type;
  Pattern pattern;
  bool diagnostic;           // text passes redaction
  std::uint32_t length_max;  // code points of a string or of a map's keys
  std::uint32_t count_min, count_max;
  std::int64_t int_min, int_max;
  double num_min, num_max;      // infinite where the catalog sets no bound
  std::vector<Choice> choices;  // enumeration
  std::vector<Node> element;    // array, map: exactly one
  std::vector<Member> members;  // object
};

// A field of an event or object.
struct Member {
  std::string key;  // `,"durationMs":`
  bool optional;
  Node node;

  [[nodiscard]] std::string_view name() const noexcept {
    return std::string_view(key).substr(2, key.size() - 4);
  }
};

[[nodiscard]] Node compile(const catalog::Shape& shape);
[[nodiscard]] std::vector<Member> compile(const std::vector<catalog::Field>& fields);

}  // namespace candor::event
