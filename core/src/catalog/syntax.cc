// Why a text is no JSON, said the way a person would.
#include <algorithm>
#include <array>
#include <string>

#include "catalog/document.h"

namespace candor::catalog {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

char matching(char bracket) noexcept { return bracket == '{' ? '}' : ']'; }

struct Fault {
  std::size_t offset;
  std::string text;
};

class Diagnosis {
 public:
  Diagnosis(std::string_view json, const SyntaxState& state, const Report& report)
      : json_(json), state_(state), report_(report), at_(state.offset) {}

  Fault explain() {
    skip_space();
    if (state_.open.empty())
      return state_.empty ? root() : Fault{at_, "text after the end of the catalog"};
    if (state_.key_pending) {
      if (peek() != ':') return {at_, "expected ':' after the name"};
      step();
      return peek() == ',' ? unexpected("a value") : value();
    }
    if (!state_.empty) {
      if (is_closer(peek()) || at_end()) return closer();
      if (at_ == state_.offset && is_digit(json_[at_ - 1]) &&
          (is_letter(peek()) || is_digit(peek()))) {
        return {at_, "write numbers in decimal, without leading zeros or '_'"};
      }
      if (peek() != ',') {
        return {at_, std::string("expected ',' or '") + matching(bracket()) + "' here"};
      }
      step();
    }
    return bracket() == '{' ? member() : value();
  }

 private:
  char bracket() const { return json_[state_.open.back()]; }
  bool at_end() const { return at_ >= json_.size(); }
  char peek() const { return at_end() ? '\0' : json_[at_]; }
  static bool is_closer(char c) { return c == '}' || c == ']'; }
  void skip_space() {
    while (!at_end() && is_space(json_[at_])) ++at_;
  }
  void step() {
    ++at_;
    skip_space();
  }

  Fault root() {
    if (at_end()) return {0, "the file is empty; a catalog is an object, { ... }"};
    return value();
  }

  Fault closer() const {
    const std::string open = std::string("the '") + bracket() + "' of line " +
                             std::to_string(report_.line_of(state_.open.back()));
    if (at_end()) { return {at_, "the file ends before " + open + " is closed"}; }
    return {at_, std::string("'") + peek() + "' can't close " + open};
  }

  Fault member() const {
    if (at_end() || is_closer(peek())) return closer();
    const char c = peek();
    if (c == '"') return string();
    if (c == '\'') return {at_, "names are written in double quotes"};
    if (is_letter(c)) return {at_, "write this name in double quotes"};
    if (c == ',') return {at_, "a ',' too many"};
    return unexpected("a name in double quotes");
  }

  Fault value() const {
    if (at_end() && !state_.open.empty()) return closer();
    const char c = peek();
    if (c == '"') return string();
    if (c == '\'') return {at_, "text is written in double quotes"};
    if (is_digit(c) || c == '-' || c == '+' || c == '.') return number();
    if (is_letter(c)) return word();
    if (c == ',') return {at_, "a ',' too many"};
    return unexpected("a value");
  }

  Fault unexpected(std::string_view wanted) const {
    if (peek() == '#') return {at_, "comments begin with //"};
    const auto byte = static_cast<unsigned char>(peek());
    std::string text = "expected " + std::string(wanted);
    if (byte > 0x20 && byte < 0x7f) text += std::string(", not '") + peek() + "'";
    return {at_, text};
  }

  Fault word() const {
    std::size_t end = at_;
    while (end < json_.size() && (is_letter(json_[end]) || is_digit(json_[end]))) ++end;
    std::string lower(json_.substr(at_, std::min<std::size_t>(end - at_, 16)));
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (lower == "true" || lower == "false" || lower == "null")
      return {at_, "write " + lower + " in lower case"};
    if (lower == "nan" || lower == "infinity") return {at_, "a catalog's numbers are finite"};
    return {at_, "write text in double quotes; only true, false and null go without"};
  }

  Fault number() const {
    const std::size_t end =
        std::min(json_.find_first_not_of("+-.0123456789abcdefABCDEFxX_", at_), json_.size());
    const std::string_view text = json_.substr(at_, end - at_);
    const std::size_t digits = text[0] == '-' || text[0] == '+' ? 1 : 0;
    if (text[0] == '+') return {at_, "leave out the '+'"};
    if (text.size() > digits && text[digits] == '.') return {at_, "write a digit before the '.'"};
    const bool well_formed = text.find_first_not_of("-+.0123456789eE") == std::string_view::npos &&
                             is_digit(text.back());
    return {at_, well_formed ? "this number is too large" : "this is no JSON number"};
  }

  Fault string() const {
    constexpr std::string_view kEscapes = "\"\\/bfnrtu";
    for (std::size_t i = at_ + 1; i < json_.size(); ++i) {
      const char c = json_[i];
      if (c == '"') break;
      if (c == '\n' || c == '\r')
        return {at_, "this text isn't closed on its line; is a '\"' missing?"};
      if (static_cast<unsigned char>(c) < 0x20) {
        return {i, c == '\t' ? "write a tab in text as \\t"
                             : "a control character in text; write it as \\u00XX"};
      }
      if (c != '\\') continue;
      if (++i >= json_.size()) break;
      if (kEscapes.find(json_[i]) == std::string_view::npos) {
        return {i - 1, "text knows no such escape; write a backslash as \\\\"};
      }
      if (json_[i] != 'u') continue;
      if (const auto fault = escape(i - 1)) return {i - 1, *fault};
      const bool pair = unit(i - 1) >= 0xd800 && unit(i - 1) < 0xdc00;
      i += pair ? 10 : 4;
    }
    return {at_, "this text isn't closed; is a '\"' missing?"};
  }

  // The number that \uXXXX at `at` spells, or 0x10000 when it is none.
  unsigned unit(std::size_t at) const {
    if (at + 6 > json_.size() || json_[at] != '\\' || json_[at + 1] != 'u') return 0x10000;
    unsigned value = 0;
    for (const char c : json_.substr(at + 2, 4)) {
      const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
      if (digit == std::string_view::npos) return 0x10000;
      value = value * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
    }
    return value;
  }
  std::optional<std::string> escape(std::size_t at) const {
    const unsigned first = unit(at);
    if (first == 0x10000) return "\\u takes four hexadecimal digits";
    const bool high = first >= 0xd800 && first < 0xdc00;
    const bool low = first >= 0xdc00 && first < 0xe000;
    const unsigned second = high ? unit(at + 6) : 0;
    if (low || (high && (second < 0xdc00 || second >= 0xe000))) {
      return "half of a surrogate pair; write the character itself";
    }
    return {};
  }

  std::string_view json_;
  const SyntaxState& state_;
  const Report& report_;
  std::size_t at_;
};

}  // namespace

void report_syntax(std::string_view json, const SyntaxState& state, Report& report) {
  Fault fault = Diagnosis(json, state, report).explain();
  report.add(Rule::syntax, fault.offset, std::move(fault.text));
}

}  // namespace candor::catalog
