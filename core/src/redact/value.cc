// What stands behind a key that announces a secret: where it ends, and whether it is one.
#include "redact/keys.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

// What programs print where there is no secret.
constexpr Word kHarmlessRows[] = {
    {"null"},      {"none"},     {"nil"},       {"undefined"}, {"true"},         {"false"},
    {"yes"},       {"no"},       {"on"},        {"off"},       {"ok"},           {"unset"},
    {"set"},       {"empty"},    {"missing"},   {"required"},  {"optional"},     {"invalid"},
    {"expired"},   {"denied"},   {"failed"},    {"failure"},   {"revoked"},      {"unknown"},
    {"disabled"},  {"enabled"},  {"hidden"},    {"masked"},    {"omitted"},      {"removed"},
    {"redacted"},  {"filtered"}, {"string"},    {"str"},       {"number"},       {"integer"},
    {"int"},       {"bool"},     {"boolean"},   {"bytes"},     {"object"},       {"any"},
    {"text"},      {"void"},     {"n/a"},       {"default"},   {"success"},      {"valid"},
    {"incorrect"}, {"mismatch"}, {"rejected"},  {"accepted"},  {"unauthorized"}, {"forbidden"},
    {"wrong"},     {"error"},    {"bearer"},    {"basic"},     {"digest"},       {"password"},
    {"token"},     {"secret"},   {"anonymous"}, {"changed"},   {"await"},        {"new"},
    {"function"},  {"async"}};
constexpr WordTable kHarmless(kHarmlessRows);

// How a sentence about a secret goes on, where the value of one would stand.
constexpr Word kProseRows[] = {
    {"must"},       {"should"},   {"is"},      {"was"},      {"are"},
    {"were"},       {"has"},      {"have"},    {"had"},      {"cannot"},
    {"can't"},      {"could"},    {"can"},     {"does"},     {"doesn't"},
    {"did"},        {"didn't"},   {"do"},      {"not"},      {"no"},
    {"too"},        {"may"},      {"will"},    {"won't"},    {"isn't"},
    {"missing"},    {"invalid"},  {"expired"}, {"failed"},   {"incorrect"},
    {"wrong"},      {"required"}, {"denied"},  {"rejected"}, {"refused"},
    {"unknown"},    {"unable"},   {"field"},   {"value"},    {"expected"},
    {"this"},       {"the"},      {"your"},    {"please"},   {"authentication"},
    {"unexpected"}, {"couldn't"}, {"needs"},   {"contains"}};
constexpr WordTable kProse(kProseRows);

constexpr std::string_view kSchemes[] = {"bearer", "basic",  "digest",
                                         "token",  "apikey", "negotiate"};

// Where a program's own text reads a secret instead of holding one.
constexpr std::string_view kRoots[] = {"process.env.", "os.environ", "import.meta.env.",
                                       "self.",        "this.",      "config.",
                                       "settings.",    "env.",       "args.",
                                       "options.",     "opts.",      "params.",
                                       "secrets.",     "vars.",      "var.",
                                       "local.",       "data.",      "module.",
                                       "request.",     "req.",       "ctx.",
                                       "context.",     "state.",     "props.",
                                       "cfg."};

bool is_word_char(char c) noexcept { return is_alnum(c) || c == '_'; }

// Only stars and the like, as a program prints them instead of a secret.
bool is_masked(std::string_view value) noexcept {
  constexpr std::size_t kLettersMin = 3;
  const char c = value.front();
  if (!is_one_of(c, "*xX.-_#?") && !value.starts_with("\xe2\x80\xa2")) return false;
  if (c == '\xe2') return value.find_first_not_of("\xe2\x80\xa2") == kNoMatch;
  return value.find_first_not_of(c) == kNoMatch &&
         (c == '*' || c == '-' || value.size() >= kLettersMin);
}

// ${NAME}, {{ name }}, $NAME, %NAME%, %s, <your token>
bool is_placeholder(std::string_view value) noexcept {
  const char c = value.front(), last = value.back();
  const auto all = [](std::string_view text, auto test) {
    return std::all_of(text.begin(), text.end(), test);
  };
  if (value == "%s" || value == "%d" || value == "%r" || value == "?") return true;
  if ((value.starts_with("${") || value.starts_with("$(") || value.starts_with("{{") ||
       value.starts_with("%(")) &&
      value.size() > 3) {
    return is_one_of(last, "})s") && all(value.substr(2, value.size() - 3), [](char ch) {
             return is_key(ch) || is_one_of(ch, " {}()[]'\":$?@/|");
           });
  }
  if (c == '$' && value.size() > 1) {
    return all(value.substr(1),
               [](char ch) { return is_upper(ch) || is_digit(ch) || ch == '_'; }) &&
           is_upper(value[1]);
  }
  if (c == '%' && last == '%' && value.size() > 2)
    return all(value.substr(1, value.size() - 2), is_word_char);
  if (c == '<' && last == '>' && value.size() > 2) {
    return all(value.substr(1, value.size() - 2),
               [](char ch) { return is_alpha(ch) || is_one_of(ch, " _-."); });
  }
  return false;
}

// getpass("..."), self.next_token(), process.env.TOKEN, os.environ["TOKEN"]
bool is_code(std::string_view value) noexcept {
  const std::size_t path =
      run_end(value, 0, [](char c) { return is_alpha(c) || c == '_' || c == '.'; });
  if (path > 1 && path < value.size() && value[path] == '(') return true;
  return std::any_of(std::begin(kRoots), std::end(kRoots),
                     [&](std::string_view root) { return has_at(value, 0, root); }) &&
         std::none_of(value.begin(), value.end(), is_digit);
}

bool is_harmless(std::string_view value) noexcept {
  const std::string_view bare = value.substr(0, value.find_last_not_of(".,;:!?)]}>") + 1);
  if (is_among(value, kHarmless) || is_among(bare, kHarmless)) return true;
  return is_masked(value) || is_placeholder(value) || is_code(value);
}

// "connection refused", "must have 8 characters"
bool is_prose(std::string_view text, bool weak) noexcept {
  const auto letter = [](char c) { return is_alpha(c) || c == '\''; };
  const std::size_t end = run_end(text, 0, letter);
  if (end == text.size() || text[end] != ' ') return false;
  const std::string_view first = text.substr(0, end);
  if (is_among(first, kSchemes)) return false;
  if (is_among(first, kProse)) return true;
  const std::size_t next = run_end(text, end + 1, is_lower);
  const auto small = [](char c) { return is_lower(c); };
  return weak && std::all_of(first.begin() + 1, first.end(), small) && next > end + 2 &&
         (next == text.size() || is_one_of(text[next], " .,;:!\n\r"));
}

std::uint8_t bit_of(char c) noexcept {
  switch (c) {
    case '"': return 1;
    case '\'': return 2;
    case '`': return 4;
    case '[': return 8;
    default: return 16;
  }
}

}  // namespace

std::size_t Scanner::line_end(std::size_t i) const noexcept {
  return run_end(text_, i, [](char c) { return !is_line_end(c); });
}
// Where the line after the one that ends at `line_end` begins.
std::size_t Scanner::next_line(std::size_t line_end) const noexcept {
  if (has_at(text_, line_end, "\r\n")) return line_end + 2;
  return std::min(line_end + 1, text_.size());
}
// How far the line that holds `i` is indented.
std::size_t Scanner::indent(std::size_t i) const noexcept {
  const std::size_t begin = run_begin(text_, i, 0, [](char c) { return !is_line_end(c); });
  return run_end(text_, begin, is_blank) - begin;
}
bool Scanner::begins_line(const Key& key) const noexcept {
  constexpr std::size_t kBeforeMax = 64;
  const std::size_t lowest = key.begin - std::min(key.begin, kBeforeMax);
  std::size_t i = run_begin(text_, key.begin, lowest,
                            [](char c) { return is_blank(c) || c == '-' || is_quote(c); });
  for (const std::string_view word : {"export", "set", "env"}) {
    if (i >= word.size() && has_at(text_, i - word.size(), word)) i -= word.size();
  }
  i = run_begin(text_, i, lowest, is_blank);
  return i == 0 || is_line_end(text_[i - 1]);
}

// Over blanks and an escaped line end, as a shell's lines are continued.
std::size_t Scanner::skip_gap(std::size_t i) const noexcept {
  i = run_end(text_, i, is_blank);
  if (i + 1 < text_.size() && text_[i] == '\\' && is_line_end(text_[i + 1])) {
    i = run_end(text_, next_line(i + 1), is_blank);
  }
  return i;
}

// Reports the value [begin, end), if it is a secret.
bool Scanner::report(const Key& key, std::size_t begin, std::size_t end, bool quoted,
                     Hit& hit) noexcept {
  if (end <= begin || is_marked(begin)) return false;
  const std::string_view value = text_.substr(begin, end - begin);
  if (is_harmless(value)) return false;
  const bool weak = key.rule != nullptr && key.rule->value == KeyRule::Value::weak;
  if (weak) {
    // Of a count, or of a program's own text.
    if (value.front() == '(') return false;
    constexpr std::size_t kDigitsMax = 4;
    if (value.size() <= kDigitsMax && std::all_of(value.begin(), value.end(), is_digit))
      return false;
    if (std::none_of(value.begin(), value.end(),
                     [](char c) { return is_alnum(c) || is_foreign(c); }))
      return false;
  }
  if (!quoted && is_prose(text_.substr(begin), weak)) return false;
  hit = {begin, end, Kind::secret};
  return true;
}

// The value of `key`, from its first character on. `spaced`: behind a colon or a blank.
bool Scanner::value(const Key& key, std::size_t i, bool spaced, Hit& hit) noexcept {
  if (i >= text_.size() || is_marked(i)) return false;
  if (is_line_end(text_[i])) return next_line_value(key, i, hit);
  if (text_[i] == '|' || (text_[i] == '>' && key.quote == 0)) {  // a block of YAML
    const std::size_t end =
        run_end(text_, i + 1, [](char c) { return is_digit(c) || is_one_of(c, "+- "); });
    if (end < text_.size() && is_line_end(text_[end])) return next_line_value(key, end, hit);
  }
  // An opening quote, perhaps escaped, perhaps behind a letter or two (Python's b'').
  std::size_t quote = i;
  while (quote < text_.size() && quote < i + 2 && is_alpha(text_[quote])) ++quote;
  const std::size_t escapes = quote;
  quote = run_end(text_, quote, [](char c) { return c == '\\'; });
  if (quote < text_.size() && is_quote(text_[quote]) &&
      !(text_[quote] == key.quote && quote - escapes == key.escapes)) {
    if (key.rule->value == KeyRule::Value::line && key.quote == 0 && text_[key.end] == ':') {
      return plain_value(key, i, spaced, hit);  // a header's own quote
    }
    return quoted_value(key, quote, quote - escapes, hit);
  }
  const bool open = text_[i] == '[' || (text_[i] == '{' && !has_at(text_, i, "{{"));
  return open ? bracketed_value(i, hit) : plain_value(key, i, spaced, hit);
}

// Where text that was opened by `quote` behind so many escapes ends: on a later line, too, or
// at the end of this one when it is never closed.
std::size_t Scanner::closing_quote(std::size_t i, char quote, std::size_t escapes) noexcept {
  const bool one_line = (unclosed_ & bit_of(quote)) != 0;
  std::size_t backslashes = 0, end = i;
  for (; end < text_.size() && !(one_line && is_line_end(text_[end])); ++end) {
    if (text_[end] == quote && (escapes == 0 ? backslashes % 2 == 0 : backslashes <= escapes)) {
      return escapes == 0 ? end : end - backslashes;
    }
    backslashes = text_[end] == '\\' ? backslashes + 1 : 0;
  }
  unclosed_ |= bit_of(quote);
  return line_end(i);
}

// The text in quotes at `quote`, and what is joined to it: 'it'"'"'s', "a" "b", "a" + "b".
bool Scanner::quoted_value(const Key& key, std::size_t quote, std::size_t escapes,
                           Hit& hit) noexcept {
  const std::size_t begin = quote + 1;
  char opened = text_[quote];
  if (is_marked(begin)) return false;
  std::size_t end = closing_quote(begin, opened, escapes);
  bool joined = false;
  for (;;) {
    const std::size_t after = end + escapes + 1;
    if (after >= text_.size() || text_[after - 1] != opened) break;
    if (is_quote(text_[after])) {
      opened = text_[after];
      end = closing_quote(after + 1, opened, escapes);
    } else if (is_alnum(text_[after]) && escapes == 0) {
      end = word_end(after, 0);
      joined = true;
      break;
    } else {
      const std::size_t next =
          run_end(text_, after, [](char c) { return is_blank(c) || c == '+'; });
      if (next == after || next >= text_.size() || text_[next] != opened || escapes != 0) break;
      end = closing_quote(next + 1, opened, escapes);
    }
    joined = true;
  }
  if (joined && end > begin) {
    hit = {begin, end, Kind::secret};
    return true;
  }
  return report(key, begin, end, true, hit);
}

// A list or an object, to its end.
bool Scanner::bracketed_value(std::size_t i, Hit& hit) noexcept {
  const char open = text_[i], close = open == '[' ? ']' : '}';
  const std::size_t begin = i + 1;
  if (is_marked(begin)) return false;
  const bool one_line = (unclosed_ & bit_of(open)) != 0;
  std::size_t depth = 1, end = begin;
  for (; end < text_.size() && !(one_line && is_line_end(text_[end])); ++end) {
    depth += text_[end] == open;
    depth -= text_[end] == close;
    if (depth == 0) break;
  }
  if (depth != 0) {
    unclosed_ |= bit_of(open);
    end = line_end(begin);
  }
  const std::string_view inside = text_.substr(begin, end - begin);
  if (std::all_of(inside.begin(), inside.end(), is_space)) return false;
  hit = {begin, end, Kind::secret};
  return true;
}

// The end of a word without quotes, which ends before the quote around it, and before what
// separates it from another key.
std::size_t Scanner::word_end(std::size_t i, char quote) const noexcept {
  constexpr std::size_t kKeyMax = 64;
  const auto key_at = [this](std::size_t from) {
    const std::size_t end = run_end(text_.substr(0, from + kKeyMax), from, is_key);
    return end > from && end < text_.size() && (text_[end] == '=' || text_[end] == ':');
  };
  const std::size_t begin = i;
  for (; i < text_.size() && !is_space(text_[i]); ++i) {
    const char c = text_[i];
    const char next = i + 1 < text_.size() ? text_[i + 1] : ' ';
    if (c == '&' && (key_at(i + 1) || has_at(text_, i + 1, "amp;"))) break;
    if (is_one_of(c, ";,") && (is_space(next) || is_quote(next) || key_at(i + 1))) break;
    if (c == '<' && next == '/') break;
    if (c == '\\' && is_quote(next)) {
      const char after = i + 2 < text_.size() ? text_[i + 2] : ' ';
      if (next == quote || is_space(after) || is_one_of(after, ",}]):;\\")) break;
    }
    if (is_quote(c) && (c == quote || is_space(next) || is_one_of(next, ",}]):;"))) break;
  }
  const auto opened = [&](char close) {
    const char open = close == ')' ? '(' : close == ']' ? '[' : close == '}' ? '{' : '<';
    return text_.substr(begin, i - 1 - begin).find(open) != kNoMatch;
  };
  while (i > begin) {
    const char last = text_[i - 1];
    const bool closes = is_one_of(last, ")]}>");
    if (!closes && !is_one_of(last, "\"'`,.;")) break;
    if (closes && opened(last)) break;
    --i;
  }
  return i;
}

// The end of a header's value: of the quotes around the header, or of the line and those that
// continue it, which are indented more.
std::size_t Scanner::header_end(const Key& key, std::size_t i) noexcept {
  if (key.quote != 0) return closing_quote(i, key.quote, key.escapes);
  const auto escaped_line_end = [&](std::size_t from, std::size_t to) {
    for (std::size_t at = from; at + 2 < to; ++at) {
      if (text_[at] == '\\' && is_one_of(text_[at + 1], "rn") && !is_blank(text_[at + 2]))
        return at;
    }
    return to;
  };
  std::size_t end = line_end(i);
  if (const std::size_t escaped = escaped_line_end(i, end); escaped < end) return escaped;
  const std::size_t own = indent(key.begin);
  for (std::size_t next = next_line(end); next < text_.size(); next = next_line(end)) {
    const std::size_t content = run_end(text_, next, is_blank);
    if (content - next <= own || content >= text_.size() || is_line_end(text_[content]) ||
        has_at(text_, content, "at ")) {
      break;
    }
    end = line_end(content);
  }
  return end;
}

bool Scanner::plain_value(const Key& key, std::size_t i, bool spaced, Hit& hit) noexcept {
  const auto kind = key.rule->value;
  const auto trimmed = [&](std::size_t end, std::string_view what) {
    while (end > i && (is_blank(text_[end - 1]) || is_one_of(text_[end - 1], what))) --end;
    return end;
  };
  if (kind == KeyRule::Value::line)
    return report(key, i, trimmed(header_end(key, i), ""), false, hit);
  if (text_[i] == '<') {
    constexpr std::size_t kPlaceholderMax = 48;
    const std::size_t close = text_.substr(0, i + kPlaceholderMax).find('>', i);
    if (close != kNoMatch && is_placeholder(text_.substr(i, close + 1 - i))) return false;
  }
  if (kind == KeyRule::Value::phrase && spaced && key.quote == 0 && begins_line(key)) {
    std::size_t end = line_end(i);
    if (const std::size_t comment = text_.substr(i, end - i).find(" #"); comment != kNoMatch)
      end = i + comment;
    return report(key, i, trimmed(end, ",;"), false, hit);
  }
  std::size_t end = word_end(i, key.quote);
  const std::string_view first = text_.substr(i, end - i);
  if (is_among(first, kSchemes) && end < text_.size() && is_blank(text_[end])) {
    const std::size_t token = run_end(text_, end, is_blank);
    if (is_marked(token)) return false;
    const std::size_t token_end = word_end(token, key.quote);
    if (token_end > token) return report(key, i, token_end, false, hit);
  }
  return report(key, i, end, false, hit);
}

// A value below its key: a block of YAML, a string behind a line break, an answer to a prompt.
bool Scanner::next_line_value(const Key& key, std::size_t end, Hit& hit) noexcept {
  constexpr std::size_t kEmptyMax = 2, kAnswerMin = 6;
  const bool block = !is_line_end(text_[end - 1]) && is_one_of(text_[end - 1], "|>+-0123456789 ");
  std::size_t begin = next_line(end);
  for (std::size_t empty = 0;
       empty < kEmptyMax && begin < text_.size() && is_line_end(text_[begin]); ++empty) {
    begin = next_line(begin);
  }
  std::size_t content = run_end(text_, begin, is_blank);
  if (content >= text_.size() || is_line_end(text_[content]) || is_marked(content)) return false;
  if (is_quote(text_[content])) return quoted_value(key, content, 0, hit);
  if (text_[content] == '[' || text_[content] == '{') return bracketed_value(content, hit);

  const std::size_t own = indent(key.begin);
  std::size_t last = line_end(content);
  const std::string_view line = text_.substr(content, last - content);
  if (content - begin > own && !has_at(line, 0, "at ")) {
    const std::size_t name = run_end(line, 0, is_key);
    const bool map = name > 0 && name < line.size() && line[name] == ':' &&
                     (name + 1 == line.size() || is_blank(line[name + 1]));
    if (map && !block) return false;  // its own keys say what is secret
    for (std::size_t next = next_line(last); next < text_.size(); next = next_line(last)) {
      const std::size_t from = run_end(text_, next, is_blank);
      if (from >= text_.size() || (from - next <= own && !is_line_end(text_[from]))) break;
      last = line_end(from);
    }
    while (last > content && is_space(text_[last - 1])) --last;
    hit = {content, last, Kind::secret};
    return true;
  }
  const auto inside = line.substr(0, line.empty() ? 0 : line.size() - 1);
  const bool answer = key.rule->value == KeyRule::Value::phrase && line.size() >= kAnswerMin &&
                      line.find(' ') == kNoMatch && !is_harmless(line) &&
                      std::any_of(inside.begin(), inside.end(),
                                  [](char c) { return is_digit(c) || is_one_of(c, "!@#$%^&*"); });
  return answer && report(key, content, last, false, hit);
}

}  // namespace candor::redact
