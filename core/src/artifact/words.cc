#include "artifact/words.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "catalog/keys.h"

namespace candor::artifact {
namespace {

using namespace catalog;

constexpr std::int64_t kExactMax = 9007199254740991;

// "0 to 100", "at least 0", "at most 100", or nothing.
std::string range(std::string low, std::string high) {
  if (low.empty() && high.empty()) return {};
  if (low.empty()) return "at most " + high;
  return high.empty() ? "at least " + low : low + " to " + high;
}

std::string limits(const Shape& shape) {
  switch (shape.type) {
    case Type::integer:
      return range(shape.int_min == -kExactMax ? "" : std::to_string(shape.int_min),
                   shape.int_max == kExactMax ? "" : std::to_string(shape.int_max));
    case Type::number:
      return range(shape.has_num_min ? bound(shape.num_min) : "",
                   shape.has_num_max ? bound(shape.num_max) : "");
    case Type::string: {
      std::string text = "at most " + std::to_string(shape.max_length) + " characters";
      if (shape.pattern != Pattern::none) text += ", pattern " + std::string(name(shape.pattern));
      return text;
    }
    case Type::array:
      return range(shape.count_min == 0 ? "" : std::to_string(shape.count_min),
                   std::to_string(shape.count_max)) +
             " items";
    case Type::map:
      return "at most " + std::to_string(shape.count_max) + " entries, names of at most " +
             std::to_string(shape.max_length) + " characters";
    case Type::boolean:
    case Type::enumeration:
    case Type::object: break;
  }
  return {};
}

}  // namespace

std::string bound(double value) {
  char digits[32];
  return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

std::vector<std::string> words(const Field& field) {
  std::vector<std::string> said = lines(field.description);
  std::string facts = limits(field.shape);
  const auto add = [&facts](const std::string& more) {
    if (!facts.empty()) facts += "; ";
    facts += more;
  };
  if (!field.unit.empty()) add("unit: " + field.unit);
  if (field.shape.klass != Class::technical)
    add("class: " + std::string(kClasses[static_cast<std::size_t>(field.shape.klass)]));
  if (!field.since.empty()) add("since " + field.since);
  if (!facts.empty()) {
    if (facts[0] >= 'a' && facts[0] <= 'z') facts[0] = static_cast<char>(facts[0] - 'a' + 'A');
    said.push_back(facts + ".");
  }
  return said;
}

std::vector<std::string> words(const Event& event) {
  std::vector<std::string> said = lines(event.description);
  if (!event.owner.empty()) said.push_back("Owner: " + event.owner + ".");
  if (!event.expires.empty()) said.push_back("Expires: " + event.expires + ".");
  return said;
}

bool is_for(const Event& event, std::string_view runtime) noexcept {
  return event.runtimes.empty() ||
         std::ranges::find(event.runtimes, runtime) != event.runtimes.end();
}

}  // namespace candor::artifact
