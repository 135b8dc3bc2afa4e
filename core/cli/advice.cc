#include "advice.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace candor::cli {
namespace {

template <typename Named>
std::string did_you_mean(std::string_view word, const std::vector<Named>& known) {
  if (word.size() > catalog::kNameBytesMax) return {};
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const Named& one : known) names.push_back(one.name);
  const std::string_view near = nearest(word, names);
  return near.empty() ? std::string() : "did you mean " + std::string(near) + '?';
}

template <typename Named>
const Named* find(const std::vector<Named>& known, std::string_view name) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [name](const Named& one) { return one.name == name; });
  return found == known.end() ? nullptr : &*found;
}

std::string of_envelope(const catalog::EnvelopeField& field) {
  std::string text = "of the envelope";
  if (field.source.empty()) return text;  // a constant
  text += "; ";
  if (field.source == "product.version") {
    text += "--product-version";
  } else if (field.source == "runtime.name") {
    text += "--runtime";
  } else if (field.source == "runtime.version") {
    text += "--runtime-version";
  } else {
    const auto type = field.field.shape.type;
    const bool text_wanted =
        type == catalog::Type::string || type == catalog::Type::enumeration || !field.map.empty();
    text += "--source " + field.source + (text_wanted ? "=..." : ":=...");
  }
  return text + " gives it";
}

std::string of_runtimes(const catalog::Event& event) {
  std::string names;
  for (const std::string& name : event.runtimes)
    names.append(names.empty() ? "" : ", ").append(name);
  return "it is for " + names + "; --runtime says which this is";
}

// How an argument gives a value of this type, for who wrote name=TEXT.
std::string how_to_write(const catalog::Field& field) {
  switch (field.shape.type) {
    case catalog::Type::boolean: return "a boolean is written " + field.name + ":=true";
    case catalog::Type::integer:
    case catalog::Type::number: return "a number is written " + field.name + ":=3";
    case catalog::Type::array: return "an array is written '" + field.name + ":=[...]'";
    case catalog::Type::map:
    case catalog::Type::object: return "an object is written '" + field.name + ":={...}'";
    case catalog::Type::string:
    case catalog::Type::enumeration: break;
  }
  return {};
}

}  // namespace

std::string advice(const catalog::Catalog& catalog, std::string_view event,
                   std::span<const Field> typed, const Outcome& outcome) {
  if (outcome.code == Code::unknown_event) return did_you_mean(event, catalog.events);
  const catalog::Event* const known = find(catalog.events, event);
  if (known == nullptr) return {};
  if (outcome.code == Code::wrong_runtime) return of_runtimes(*known);
  const catalog::Field* const field = find(known->fields, outcome.field);
  if (field == nullptr) {
    const std::string_view name =
        std::string_view(outcome.field).substr(0, outcome.field.find_first_of(".["));
    const bool is_own = find(known->fields, name) != nullptr;
    for (const auto& candidate : catalog.envelope) {
      if (!is_own && candidate.field.name == name) return of_envelope(candidate);
    }
    return outcome.code == Code::unknown_field ? did_you_mean(outcome.field, known->fields)
                                               : std::string();
  }
  if (outcome.code != Code::wrong_type) return {};
  for (const Field& given : typed) {
    if (given.name == field->name && given.value.kind() == Value::Kind::string) {
      return how_to_write(*field);
    }
  }
  return {};
}

}  // namespace candor::cli
