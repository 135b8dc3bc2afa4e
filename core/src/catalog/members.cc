#include "catalog/members.h"

#include <algorithm>
#include <array>

namespace candor::catalog {

void Members::check_keys(std::span<const Key> keys) const {
  for (const Node* n = document_.first(object_); n; n = document_.next(*n)) {
    const auto known = std::ranges::find(keys, n->key, &Key::name);
    if (known != keys.end()) {
      check_since(document_, *n, known->since, report_);
      continue;
    }
    std::string text;
    if (!report_.full()) {
      std::vector<std::string_view> names;
      for (const Key& key : keys) names.push_back(key.name);
      text = std::string(what_) + " has no key " + quoted(n->key) +
             report_.did_you_mean(n->key, names);
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
    const std::string near = report_.did_you_mean(n->text, words);
    if (near.empty()) {
      text += words.size() == 1 ? "; it must be" : "; it is one of";
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
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n' && is_control(text, i)) return false;
  }
  return true;
}

std::string label(const Node& node) { return node.key.empty() ? "an item" : quoted(node.key); }

}  // namespace candor::catalog
