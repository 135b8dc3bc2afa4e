// The detector of secrets that stand behind a key: password=..., "api_key": "...",
// Authorization: ..., --token ..., <secret>...</secret>.
#include <algorithm>
#include <array>

#include "redact/chars.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

constexpr std::size_t kNoMatch = std::string_view::npos;

enum class Where : unsigned char {
  anywhere,  // in the key, whose separators are left out
  at_end,    // "max_tokens" is no secret, "auth_token" is
  as_word,   // the last word by itself: "db_pass", not "compass"
  header,    // as `anywhere`, and the secret is the rest of the line
};

struct SecretKey {
  std::string_view word;
  Where where;
};

constexpr SecretKey kSecretKeys[] = {
    {"password", Where::anywhere},
    {"passwd", Where::anywhere},
    {"passphrase", Where::anywhere},
    {"pwd", Where::at_end},
    {"pass", Where::as_word},
    {"secret", Where::anywhere},
    {"token", Where::at_end},
    {"apikey", Where::anywhere},
    {"accesskey", Where::anywhere},
    {"accountkey", Where::anywhere},
    {"privatekey", Where::anywhere},
    {"signingkey", Where::anywhere},
    {"encryptionkey", Where::anywhere},
    {"credential", Where::anywhere},
    {"bearer", Where::at_end},
    {"jwt", Where::as_word},
    {"auth", Where::as_word},
    {"signature", Where::at_end},
    {"sig", Where::as_word},
    {"sessionid", Where::at_end},
    {"authorization", Where::header},
    {"cookie", Where::header},
};

// What programs print where there is no secret.
constexpr std::string_view kHarmless[] = {"null", "none", "nil", "undefined", "true", "false"};

constexpr std::string_view kSchemes[] = {"bearer", "basic", "digest", "token", "apikey"};

bool is_key(char c) noexcept { return is_alnum(c) || is_one_of(c, "_-."); }
bool equals(std::string_view text, std::string_view lower_word) noexcept {
  return text.size() == lower_word.size() && has_at(text, 0, lower_word);
}

// The last word of a key: what follows a separator or a change to upper case.
std::string_view last_word(std::string_view key) noexcept {
  std::size_t i = key.size();
  while (i > 0 && is_alnum(key[i - 1])) {
    --i;
    if (is_upper(key[i]) && i > 0 && is_lower(key[i - 1])) break;
  }
  return key.substr(i);
}

// The table's entry for a key, null when it names no secret. Only the end of a
// long key counts.
const SecretKey* secret_key(std::string_view key) noexcept {
  constexpr std::size_t kKeyBytesMax = 64;
  if (key.size() > kKeyBytesMax) key.remove_prefix(key.size() - kKeyBytesMax);
  std::array<char, kKeyBytesMax> bytes;
  std::size_t n = 0;
  for (const char c : key) {
    if (is_alnum(c)) bytes[n++] = lower(c);
  }
  const std::string_view plain(bytes.data(), n);
  const std::string_view last = last_word(key);
  for (const SecretKey& entry : kSecretKeys) {
    switch (entry.where) {
      case Where::at_end:
        if (plain.ends_with(entry.word)) return &entry;
        break;
      case Where::as_word:
        if (equals(last, entry.word)) return &entry;
        break;
      case Where::anywhere:
      case Where::header:
        if (plain.find(entry.word) != kNoMatch) return &entry;
        break;
    }
  }
  return nullptr;
}

}  // namespace

// The end of a value without quotes: of the line for a header, else of the word,
// and of a second word behind "Bearer" and its like.
std::size_t Scanner::value_end(std::size_t i, bool header) const noexcept {
  if (header) return run_end(text_, i, [](char c) { return !is_line_end(c) && !is_quote(c); });
  const auto in_word = [](char c) { return !is_space(c) && c != '&' && c != ';'; };
  std::size_t end = run_end(text_, i, in_word);
  for (const std::string_view word : kSchemes) {
    if (equals(text_.substr(i, end - i), word)) {
      end = run_end(text_, run_end(text_, end, is_blank), in_word);
      break;
    }
  }
  while (end > i && is_one_of(text_[end - 1], "\"'`,.)]}>")) --end;
  return end;
}

// Where text that was opened by `quote` behind so many escapes ends; at the latest with the line.
std::size_t Scanner::closing_quote(std::size_t i, char quote, std::size_t escapes) const noexcept {
  std::size_t backslashes = 0;
  for (; i < text_.size() && !is_line_end(text_[i]); ++i) {
    if (text_[i] == quote && backslashes <= escapes) return i - backslashes;
    backslashes = text_[i] == '\\' ? backslashes + 1 : 0;
  }
  return i;
}

// Where the value of the key [i, key_end_) begins; kNoMatch when no separator follows.
std::size_t Scanner::value_begin(std::size_t i) const noexcept {
  // What may stand between the two: key\": , ['key'] =, key :=
  std::size_t p = run_end(text_, key_end_, [](char c) { return c == '\\'; });
  if (p < text_.size() && is_quote(text_[p])) ++p;
  if (p < text_.size() && text_[p] == ']') ++p;
  const std::size_t blanks = run_end(text_, p, is_blank) - p;
  p += blanks;
  if (p >= text_.size()) return kNoMatch;
  if (is_one_of(text_[p], ":=") && !has_at(text_, p, "::") && !has_at(text_, p, "://")) {
    ++p;
    if (p < text_.size() && is_one_of(text_[p], "=>")) ++p;
    return run_end(text_, p, is_blank);
  }
  const bool flag = text_[i] == '-' && blanks > 0 && text_[p] != '-';
  return flag ? p : kNoMatch;
}

bool Scanner::keyed(std::size_t i, Hit& hit) noexcept {
  if (i < key_end_ || !is_key(text_[i])) return false;
  key_end_ = run_end(text_, i, is_key);
  const bool element = i > 0 && text_[i - 1] == '<' && has_at(text_, key_end_, ">");
  const std::size_t p = element ? key_end_ + 1 : value_begin(i);
  if (p == kNoMatch) return false;
  const SecretKey* key = secret_key(text_.substr(i, key_end_ - i));
  if (key == nullptr) return false;

  // An opening quote, perhaps escaped, perhaps behind a letter or two (Python's b'').
  std::size_t quote = p;
  while (quote < text_.size() && quote < p + 2 && is_alpha(text_[quote])) ++quote;
  const std::size_t escapes_begin = quote;
  quote = run_end(text_, quote, [](char c) { return c == '\\'; });
  const bool quoted = !element && quote < text_.size() && is_quote(text_[quote]);
  std::size_t begin = quoted ? quote + 1 : p, end = begin;
  if (has_at(text_, begin, kRedacted)) return false;  // before its end is sought, in vain
  const auto until = [this](std::size_t from, char close) {
    return run_end(text_, from, [close](char c) { return c != close && !is_line_end(c); });
  };
  if (element) {
    end = until(begin, '<');
  } else if (quoted) {
    end = closing_quote(begin, text_[quote], quote - escapes_begin);
  } else if (has_at(text_, p, "[") || has_at(text_, p, "{")) {
    begin = p + 1;
    end = until(begin, text_[p] == '[' ? ']' : '}');
  } else {
    end = value_end(p, key->where == Where::header);
  }

  const std::string_view value = text_.substr(begin, end - begin);
  const auto is_value = [value](std::string_view word) { return equals(value, word); };
  if (value.empty() || has_at(text_, begin, kRedacted) ||
      std::any_of(std::begin(kHarmless), std::end(kHarmless), is_value)) {
    return false;
  }
  hit = {begin, end, kRedacted};
  return true;
}

}  // namespace candor::redact
