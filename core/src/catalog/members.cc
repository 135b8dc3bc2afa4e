#include "catalog/members.h"

#include <algorithm>
#include <array>

namespace candor::catalog {

void Members::check_keys(std::span<const Key> keys) const {
  for (const Node* n = document_.first(object_); n; n = document_.next(*n)) {
    if (std::ranges::find(keys, n->key, &Key::name) != keys.end()) continue;
    std::string text;
    if (!report_.full()) {
      std::vector<std::string_view> names;
      for (const Key& key : keys) names.push_back(key.name);
      text = std::string(what_) + " has no key " + quoted(n->key) + did_you_mean(n->key, names);
    }
    report_.add(Rule::unknown_key, n->key_offset, std::move(text));
  }
  for (const Key& key : keys) {
    if (key.required && !find(key.name)) missing(Rule::missing_key, key.name);
  }
}

void Members::missing(Rule rule, std::string_view key, std::string_view hint) const {
  std::string text;
  if (!report_.full()) {
    if (!object_.key.empty()) text = quoted(object_.key) + ": ";
    text += std::string(what_) + " needs " + quoted(key) + std::string(hint);
  }
  report_.add(rule, object_.key_offset, std::move(text));
}

void Members::wrong_type(const Node& node, std::string_view wanted) const {
  report_.add(Rule::wrong_type, node.offset, label(node) + " must be " + std::string(wanted));
}

const Node* Members::object(std::string_view key) const {
  const Node* n = find(key);
  if (!n || n->kind == Kind::object) return n;
  wrong_type(*n, "an object, { ... }");
  return nullptr;
}

const Node* Members::array(std::string_view key) const {
  const Node* n = find(key);
  if (!n || n->kind == Kind::array) return n;
  wrong_type(*n, "an array, [ ... ]");
  return nullptr;
}

bool Members::flag(std::string_view key) const {
  const Node* n = find(key);
  if (!n) return false;
  if (n->kind != Kind::boolean) wrong_type(*n, "true or false");
  return n->boolean;
}

std::string_view Members::text(std::string_view key, std::size_t bytes_max) const {
  const Node* n = find(key);
  if (!n) return {};
  if (n->kind != Kind::string) {
    wrong_type(*n, "text");
    return {};
  }
  if (n->text.empty()) {
    report_.add(Rule::bad_value, n->offset, label(*n) + " must not be empty");
  } else if (n->text.size() > bytes_max) {
    report_.add(Rule::limit, n->offset,
                label(*n) + " is longer than " + std::to_string(bytes_max) + " bytes");
    return {};
  } else if (!is_plain_text(n->text)) {
    report_.add(Rule::bad_value, n->offset, label(*n) + " must not hold control characters");
    return {};
  }
  return n->text;
}

std::optional<std::size_t> Members::word(std::string_view key,
                                         std::span<const std::string_view> words, Rule rule) const {
  const Node* n = find(key);
  if (!n) return {};
  if (n->kind != Kind::string) {
    wrong_type(*n, "text");
    return {};
  }
  const auto found = std::ranges::find(words, n->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string text;
  if (!report_.full()) {
    text = "there is no " + std::string(key) + " " + quoted(n->text);
    const std::string near = did_you_mean(n->text, words);
    if (near.empty()) {
      text += "; it is one of";
      for (const std::string_view w : words) text += " " + std::string(w);
    }
    text += near;
  }
  report_.add(rule, n->offset, std::move(text));
  return {};
}

std::optional<std::int64_t> Members::integer(std::string_view key, std::int64_t min,
                                             std::int64_t max) const {
  const Node* n = find(key);
  if (!n) return {};
  if (n->kind != Kind::integer && n->kind != Kind::number) {
    wrong_type(*n, "a whole number");
    return {};
  }
  const std::optional<std::int64_t> value = whole_number(*n);
  if (value && *value >= min && *value <= max) return value;
  report_.add(Rule::bad_bounds, n->offset,
              label(*n) + " must be a whole number from " + std::to_string(min) + " to " +
                  std::to_string(max));
  return {};
}

std::optional<double> Members::number(std::string_view key) const {
  const Node* n = find(key);
  if (!n) return {};
  if (n->kind == Kind::integer || n->kind == Kind::number) return n->number;
  wrong_type(*n, "a number");
  return {};
}

std::optional<std::int64_t> whole_number(const Node& node) noexcept {
  if (node.kind == Kind::integer) return node.integer;
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (node.kind != Kind::number || !(node.number >= -kTwoTo63 && node.number < kTwoTo63)) return {};
  const auto whole = static_cast<std::int64_t>(node.number);
  if (static_cast<double>(whole) < node.number || static_cast<double>(whole) > node.number)
    return {};
  return whole;
}

bool is_plain_text(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\n';
  });
}

std::string label(const Node& node) { return node.key.empty() ? "an item" : quoted(node.key); }

void check_name(const Node& node, bool is_event, Report& report) {
  // Names that mean something to the server, or that every JavaScript object has.
  constexpr std::string_view kReserved[] = {
      "uuid",           "timestamp",     "distinct_id",          "constructor",
      "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
      "toString",       "valueOf"};
  const std::string_view name = node.key;
  const auto fail = [&](Rule rule, std::string_view why) {
    report.add(rule, node.key_offset, quoted(name) + std::string(why));
  };
  if (name.starts_with('$')) {
    return fail(Rule::reserved_name, ": names that begin with '$' are the server's");
  }
  if (std::ranges::find(kReserved, name) != std::end(kReserved)) {
    return fail(Rule::reserved_name, " is reserved; choose another name");
  }
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           (!is_event && c >= 'A' && c <= 'Z');
  };
  const bool starts_well =
      !name.empty() && allowed(name[0]) && name[0] != '_' && !(name[0] >= '0' && name[0] <= '9');
  if (!starts_well || !std::ranges::all_of(name, allowed)) {
    return fail(Rule::name_shape,
                is_event ? ": an event's name is snake_case, such as 'plan_completed'"
                         : ": a field's name is camelCase or snake_case, such as 'durationMs'");
  }
  if (name.size() > kNameBytesMax) {
    fail(Rule::name_shape, " is longer than " + std::to_string(kNameBytesMax) + " bytes");
  }
}

}  // namespace candor::catalog
