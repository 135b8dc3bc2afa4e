#include "event/writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "event/encoder.h"
#include "event/text.h"

namespace candor::event {
namespace {

using catalog::kFieldsMax;
using Kind = Value::Kind;

constexpr std::int64_t kExactMax = std::int64_t{1} << 53;  // doubles hold every integer up to here

// Entries of a map that are sorted without allocating.
constexpr std::size_t kEntriesInline = 128;

// Index of the member called `name`, or members.size(). Callers mostly keep the
// catalog's order, so the one after the last is tried first.
std::size_t find(const std::vector<Member>& members, std::string_view name, std::size_t next) {
  const std::size_t count = members.size();
  for (std::size_t i = next; i < count; ++i) {
    if (members[i].name() == name) return i;
  }
  for (std::size_t i = 0; i < next; ++i) {
    if (members[i].name() == name) return i;
  }
  return count;
}

// Whether `text` is UTF-8 and no longer than `length_max` code points. Text that no event
// could hold is not even read.
Code check_text(std::string_view text, std::uint32_t length_max) noexcept {
  if (text.size() > Buffer::kBytesMax && text.size() / 4 > length_max) return Code::too_long;
  const std::optional<std::size_t> length = utf8_length(text);
  if (!length) return Code::invalid_utf8;
  return *length > length_max ? Code::too_long : Code::none;
}

}  // namespace

Code Writer::value(const Node& node, const Value& value) {
  switch (node.type) {
    case catalog::Type::boolean: return boolean(value);
    case catalog::Type::integer: return integer(node, value);
    case catalog::Type::number: return number(node, value);
    case catalog::Type::string: return string(node, value);
    case catalog::Type::enumeration: return enumeration(node, value);
    case catalog::Type::array: return array(node, value);
    case catalog::Type::map: return map(node, value);
    case catalog::Type::object: return object(node, value);
  }
  return Code::wrong_type;
}

Code Writer::members(const std::vector<Member>& members, std::span<const Field> fields,
                     bool first) {
  std::array<const Value*, kFieldsMax> given;
  const std::size_t count = std::min(members.size(), given.size());
  std::fill_n(given.begin(), count, nullptr);

  // Ends after at most count + 1 fields, because one of them is then unknown or a duplicate.
  std::size_t next = 0;
  for (const Field& field : fields) {
    const std::size_t i = find(members, field.name, next);
    if (i >= count) {
      // Cutting first bounds the work; a code point cut in two is beyond the path's end.
      return at(Code::unknown_field, utf8_repaired(field.name.substr(0, kPathBytesMax + 3)));
    }
    if (given[i] != nullptr) return at(Code::duplicate_field, field.name);
    given[i] = &field.value;
    next = i + 1;
  }

  for (std::size_t i = 0; i < count; ++i) {
    const Member& member = members[i];
    if (given[i] == nullptr || given[i]->kind() == Kind::null) {
      if (member.optional) continue;
      return at(Code::missing_field, member.name());
    }
    put(std::string_view(member.key).substr(first ? 1 : 0));
    first = false;
    const Code code = value(member.node, *given[i]);
    if (code != Code::none) return at(code, member.name());
  }
  return Code::none;
}

Code Writer::boolean(const Value& value) noexcept {
  if (value.kind() != Kind::boolean) return Code::wrong_type;
  put(value.boolean() ? "true" : "false");
  return Code::none;
}

Code Writer::integer(const Node& node, const Value& value) noexcept {
  std::int64_t integer = 0;
  if (value.kind() == Kind::integer) {
    integer = value.integer();
  } else if (value.kind() == Kind::number) {
    const double number = value.number();
    if (!std::isfinite(number)) return Code::not_finite;
    if (std::trunc(number) != number) return Code::wrong_type;
    if (number < -0x1p63 || number >= 0x1p63) return Code::out_of_range;
    integer = static_cast<std::int64_t>(number);
  } else {
    return Code::wrong_type;
  }
  if (integer < node.int_min || integer > node.int_max) return Code::out_of_range;
  put_integer(integer);
  return Code::none;
}

Code Writer::number(const Node& node, const Value& value) noexcept {
  double number = 0;
  if (value.kind() == Kind::number) {
    number = value.number();
    if (!std::isfinite(number)) return Code::not_finite;
  } else if (value.kind() == Kind::integer) {
    number = static_cast<double>(value.integer());
  } else {
    return Code::wrong_type;
  }
  if (number < node.num_min || number > node.num_max) return Code::out_of_range;
  if (value.kind() == Kind::integer && -kExactMax < value.integer() &&
      value.integer() < kExactMax) {
    put_integer(value.integer());
  } else if (char* to = room(kNumberBytesMax)) {
    advance(write_number(number, to));
  }
  return Code::none;
}

Code Writer::string(const Node& node, const Value& value) {
  if (value.kind() != Kind::string) return Code::wrong_type;
  const std::string_view text = value.string();

  // The usual string is short and plain: one byte a code point, nothing to escape.
  if (!node.diagnostic && text.size() <= node.length_max) {
    if (char* to = room(text.size() + 2); to != nullptr && copy_plain(text, to + 1)) {
      if (!matches(node.pattern, text)) return Code::bad_pattern;
      to[0] = to[text.size() + 1] = '"';
      advance(text.size() + 2);
      return Code::none;
    }
  }

  if (const Code code = check_text(text, node.length_max); code != Code::none) return code;
  if (!matches(node.pattern, text)) return Code::bad_pattern;
  if (node.diagnostic && !redactor_.is_clean(text)) {
    put_escaped(redactor_.text(text, node.length_max));
  } else {
    put_escaped(text);
  }
  return Code::none;
}

Code Writer::enumeration(const Node& node, const Value& value) noexcept {
  if (value.kind() != Kind::string) return Code::wrong_type;
  const std::string_view text = value.string();
  for (const Choice& choice : node.choices) {
    if (choice.text == text) {
      put(choice.json);
      return Code::none;
    }
  }
  const bool readable = text.size() > Buffer::kBytesMax || utf8_length(text).has_value();
  return readable ? Code::not_in_enum : Code::invalid_utf8;
}

Code Writer::array(const Node& node, const Value& value) {
  if (value.kind() != Kind::array) return Code::wrong_type;
  if (value.size() < node.count_min || value.size() > node.count_max) return Code::too_many;
  put("[");
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) put(",");
    if (const Code code = this->value(node.element.front(), value.items()[i]); code != Code::none) {
      path_.insert(0, "[" + std::to_string(i) + "]");
      return code;
    }
  }
  put("]");
  return Code::none;
}

// Entries in the order of their keys' UTF-16 code units (RFC 8785 section 3.2.3), because
// languages disagree about the order in which a map is walked.
Code Writer::map(const Node& node, const Value& value) {
  if (value.kind() != Kind::object) return Code::wrong_type;
  if (value.size() > node.count_max) return Code::too_many;

  const auto entry_at_fault = [this](Code code) {
    path_.insert(0, "[]");
    return code;
  };
  std::array<const Field*, kEntriesInline> inline_entries;
  std::vector<const Field*> more_entries;
  std::span<const Field*> entries(inline_entries.data(), std::min(value.size(), kEntriesInline));
  if (value.size() > kEntriesInline) {
    more_entries.resize(value.size());
    entries = more_entries;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i] = &value.fields()[i];
    const Code code = check_text(entries[i]->name, node.length_max);
    if (code != Code::none) return entry_at_fault(code);
  }
  std::sort(entries.begin(), entries.end(),
            [](const Field* a, const Field* b) { return utf16_less(a->name, b->name); });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i]->name == entries[i - 1]->name) return entry_at_fault(Code::duplicate_field);
  }

  put("{");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) put(",");
    put_escaped(entries[i]->name);
    put(":");
    const Code code = this->value(node.element.front(), entries[i]->value);
    if (code != Code::none) return entry_at_fault(code);
  }
  put("}");
  return Code::none;
}

Code Writer::object(const Node& node, const Value& value) {
  if (value.kind() != Kind::object) return Code::wrong_type;
  put("{");
  const Code code = members(node.members, {value.fields(), value.size()}, true);
  if (code != Code::none) return code;
  put("}");
  return Code::none;
}

void Writer::put(std::string_view bytes) noexcept {
  if (char* to = room(bytes.size())) {
    std::memcpy(to, bytes.data(), bytes.size());
    advance(bytes.size());
  }
}

void Writer::put_integer(std::int64_t value) noexcept {
  if (char* to = room(kNumberBytesMax)) {
    advance(static_cast<std::size_t>(std::to_chars(to, to + kNumberBytesMax, value).ptr - to));
  }
}

void Writer::put_escaped(std::string_view text) noexcept {
  if (char* to = room(escaped_bytes(text) + 2)) {
    char* end = to;
    *end++ = '"';
    end = copy_escaped(text, end);
    *end++ = '"';
    advance(static_cast<std::size_t>(end - to));
  }
}

char* Writer::room(std::size_t n) noexcept {
  char* to = out_.reserve(n);
  spilled_ = spilled_ || to == nullptr;
  return to;
}

Code Writer::at(Code code, std::string_view name) {
  path_.insert(0, name).insert(0, 1, '.');
  return code;
}

std::string Writer::path() const {
  const std::size_t dot = path_.starts_with('.') ? 1 : 0;
  return std::string(utf8_prefix(std::string_view(path_).substr(dot), kPathBytesMax));
}

}  // namespace candor::event
