// A recursive descent over RFC 8259, bounded by kDepthMax and kValuesMax.
#include "json_text.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace candor::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// UTF-8 of a code point. A lone surrogate gets the three bytes its number would
// have, which no UTF-8 check lets pass.
void append_code_point(std::string& to, std::uint32_t c) {
  const auto push = [&to](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | c >> 6);
    push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | c >> 12);
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | c >> 18);
    push(0x80 | (c >> 12 & 0x3F));
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  }
}

Value number_of(std::string_view text, bool integral) {
  const char* const end = text.data() + text.size();
  if (integral) {
    std::int64_t integer = 0;
    if (std::from_chars(text.data(), end, integer).ec == std::errc{}) return integer;
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec != std::errc{}) {
    // from_chars does not say whether it was too large or too small; strtod does.
    number = std::strtod(std::string(text).c_str(), nullptr);
  }
  return number;
}

}  // namespace

struct JsonText::Cursor {
  JsonText& store;
  std::string_view text;
  std::size_t at = 0;
  std::size_t depth = 0;
  std::size_t values = 0;
  const char* problem = nullptr;

  bool fail(const char* what) {
    if (problem == nullptr) problem = what;
    return false;
  }

  void skip_space() {
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) {
      ++at;
    }
  }
  [[nodiscard]] bool at_char(char c) const { return at < text.size() && text[at] == c; }
  bool take(char c) {
    if (!at_char(c)) return false;
    ++at;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text.substr(at).starts_with(word)) return fail("expected a value");
    at += word.size();
    return true;
  }

  bool value(Value& to) {
    if (++values > kValuesMax) return fail("too many values");
    if (at >= text.size()) return fail("expected a value");
    switch (text[at]) {
      case '{': return object(to);
      case '[': return array(to);
      case '"': {
        std::string_view string;
        if (!read_string(string)) return false;
        to = string;
        return true;
      }
      case 't': to = true; return take_word("true");
      case 'f': to = false; return take_word("false");
      case 'n': to = nullptr; return take_word("null");
      default: return number(to);
    }
  }

  bool enter() {
    ++at;
    skip_space();
    return ++depth <= kDepthMax || fail("nested too deeply");
  }

  bool array(Value& to) {
    if (!enter()) return false;
    std::vector<Value> items;
    if (!take(']')) {
      do {
        skip_space();
        if (!value(items.emplace_back())) return false;
        skip_space();
      } while (take(','));
      if (!take(']')) return fail("expected , or ]");
    }
    --depth;
    const auto& kept = store.arrays_.emplace_back(std::move(items));
    to = Value::array(kept.data(), kept.size());
    return true;
  }

  bool object(Value& to) {
    if (!enter()) return false;
    std::vector<Field> fields;
    if (!take('}')) {
      do {
        skip_space();
        Field& field = fields.emplace_back();
        if (!at_char('"')) return fail("expected a name in double quotes");
        if (!read_string(field.name)) return false;
        skip_space();
        if (!take(':')) return fail("expected : after the name");
        skip_space();
        if (!value(field.value)) return false;
        skip_space();
      } while (take(','));
      if (!take('}')) return fail("expected , or }");
    }
    --depth;
    const auto& kept = store.objects_.emplace_back(std::move(fields));
    to = Value::object(kept.data(), kept.size());
    return true;
  }

  bool digits() {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  }

  bool number(Value& to) {
    const std::size_t from = at;
    bool integral = true;
    take('-');
    if (!take('0') && !digits()) {
      at = from;
      return fail("expected a value");
    }
    if (take('.')) {
      integral = false;
      if (!digits()) return fail("expected a digit");
    }
    if (take('e') || take('E')) {
      integral = false;
      if (!take('+')) take('-');
      if (!digits()) return fail("expected a digit");
    }
    to = number_of(text.substr(from, at - from), integral);
    return true;
  }

  // A view of the text when it holds no escape, which is the usual case.
  bool read_string(std::string_view& to) {
    const std::size_t from = ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\\') {
      if (static_cast<unsigned char>(text[at]) < 0x20) return fail("unescaped control character");
      ++at;
    }
    if (take('"')) {
      to = text.substr(from, at - 1 - from);
      return true;
    }
    std::string& unescaped = store.strings_.emplace_back(text.substr(from, at - from));
    while (at < text.size()) {
      if (take('"')) {
        to = unescaped;
        return true;
      }
      if (at_char('\\')) {
        if (!escape(unescaped)) return false;
        continue;
      }
      if (static_cast<unsigned char>(text[at]) < 0x20) return fail("unescaped control character");
      unescaped.push_back(text[at++]);
    }
    return fail("unfinished string");
  }

  bool escape(std::string& to) {
    ++at;
    if (at >= text.size()) return fail("unfinished string");
    switch (text[at++]) {
      case '"': to.push_back('"'); return true;
      case '\\': to.push_back('\\'); return true;
      case '/': to.push_back('/'); return true;
      case 'b': to.push_back('\b'); return true;
      case 'f': to.push_back('\f'); return true;
      case 'n': to.push_back('\n'); return true;
      case 'r': to.push_back('\r'); return true;
      case 't': to.push_back('\t'); return true;
      case 'u': return unicode_escape(to);
      default: --at; return fail("unknown escape");
    }
  }

  bool unicode_escape(std::string& to) {
    std::uint32_t unit = 0;
    if (!four_hex(unit)) return false;
    const bool high = unit >= 0xD800 && unit < 0xDC00;
    if (high && text.substr(at).starts_with("\\u")) {
      const std::size_t second = at;
      at += 2;
      std::uint32_t low = 0;
      if (!four_hex(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        append_code_point(to, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
        return true;
      }
      at = second;  // two escapes, the first of them a lone surrogate
    }
    append_code_point(to, unit);
    return true;
  }

  bool four_hex(std::uint32_t& to) {
    to = 0;
    for (int i = 0; i < 4; ++i, ++at) {
      const int digit = at < text.size() ? hex_digit(text[at]) : -1;
      if (digit < 0) return fail("expected four hex digits");
      to = to << 4 | static_cast<std::uint32_t>(digit);
    }
    return true;
  }
};

Expected<Value> JsonText::parse(std::string_view text) {
  strings_.clear();
  arrays_.clear();
  objects_.clear();
  Cursor cursor{*this, text};
  Value value;
  cursor.skip_space();
  if (cursor.value(value)) {
    cursor.skip_space();
    if (cursor.at == text.size()) return value;
    cursor.fail("expected the end");
  }
  return Error{"column " + std::to_string(cursor.at + 1) + ": " + cursor.problem};
}

}  // namespace candor::cli
