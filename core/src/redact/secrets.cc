// The detectors of secrets: by the key in front of them, by a well-known prefix, by
// their place in a URL, or because they look random.
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

enum class Chars : unsigned char { alnum, word, dotted };

struct SecretPrefix {
  std::string_view prefix;
  Chars chars;          // what may follow
  unsigned char least;  // how many of them must
  bool digit;           // with a digit among the first, lest it be a word
};

constexpr SecretPrefix kSecretPrefixes[] = {
    {"sk-", Chars::word, 16, true},
    {"sk_live_", Chars::alnum, 10, false},
    {"sk_test_", Chars::alnum, 10, false},
    {"rk_live_", Chars::alnum, 10, false},
    {"pk_live_", Chars::alnum, 10, false},
    {"ghp_", Chars::alnum, 16, false},
    {"gho_", Chars::alnum, 16, false},
    {"ghu_", Chars::alnum, 16, false},
    {"ghs_", Chars::alnum, 16, false},
    {"ghr_", Chars::alnum, 16, false},
    {"github_pat_", Chars::word, 20, true},
    {"glpat-", Chars::word, 16, false},
    {"xoxa-", Chars::word, 10, true},
    {"xoxb-", Chars::word, 10, true},
    {"xoxe-", Chars::word, 10, true},
    {"xoxo-", Chars::word, 10, true},
    {"xoxp-", Chars::word, 10, true},
    {"xoxr-", Chars::word, 10, true},
    {"xoxs-", Chars::word, 10, true},
    {"xapp-", Chars::word, 10, true},
    {"akia", Chars::alnum, 16, false},
    {"asia", Chars::alnum, 16, true},
    {"aiza", Chars::word, 30, false},
    {"ya29.", Chars::word, 20, false},
    {"phc_", Chars::alnum, 20, false},
    {"phx_", Chars::alnum, 20, false},
    {"phs_", Chars::alnum, 20, false},
    {"npm_", Chars::alnum, 30, false},
    {"pypi-", Chars::word, 16, true},
    {"hf_", Chars::alnum, 30, false},
    {"whsec_", Chars::alnum, 16, false},
    {"shpat_", Chars::alnum, 16, false},
    {"dop_v1_", Chars::alnum, 16, false},
    {"dapi", Chars::alnum, 32, true},
    {"lin_api_", Chars::alnum, 16, false},
    {"sg.", Chars::dotted, 30, true},
    {"age-secret-key-", Chars::alnum, 16, false},
    {"eyj", Chars::dotted, 16, false},  // a JSON Web Token: {" in base64
};

// What programs print where there is no secret.
constexpr std::string_view kHarmless[] = {"null", "none", "nil", "undefined", "true", "false"};

constexpr std::string_view kSchemes[] = {"bearer", "basic", "digest", "token", "apikey"};

bool is_key(char c) noexcept { return is_alnum(c) || is_one_of(c, "_-."); }
bool is_token68(char c) noexcept { return is_alnum(c) || is_one_of(c, "._~+/=-"); }

bool may_follow(Chars chars, char c) noexcept {
  return is_alnum(c) || (chars != Chars::alnum && is_one_of(c, "_-")) ||
         (chars == Chars::dotted && c == '.');
}

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

bool is_uuid_like(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// Whether a run of letters, digits and joiners is too irregular to have been written by
// a person. Random base64 changes between upper case, lower case and digits at two
// places of three, names in camelCase or snake_case at one of three or fewer.
bool looks_random(std::string_view run) noexcept {
  constexpr std::size_t kRunMin = 32, kRunWithSlashMin = 40;
  if (run.size() < kRunMin || is_uuid_like(run)) return false;
  std::size_t uppers = 0, lowers = 0, digits = 0, slashes = 0, changes = 0;
  int last = -1;
  for (const char c : run) {
    const int kind = is_upper(c) ? 0 : is_lower(c) ? 1 : is_digit(c) ? 2 : 3;
    uppers += kind == 0;
    lowers += kind == 1;
    digits += kind == 2;
    slashes += c == '/';
    changes += kind != last;
    last = kind;
  }
  const std::size_t n = run.size();
  const bool mixed = uppers > 0 && lowers > 0 && digits > 0;
  if (slashes > 0) return n >= kRunWithSlashMin && mixed && changes * 20 >= n * 9;
  return (mixed && changes * 5 >= n * 2) ||
         (digits * 8 >= n && lowers + uppers > 0 && changes * 4 >= n);
}

}  // namespace

bool Scanner::pem(std::size_t i, Hit& hit) const noexcept {
  constexpr std::string_view kBegin = "-----begin ", kEnd = "-----end ", kDashes = "-----";
  if (!has_at(text_, i, kBegin)) return false;
  std::size_t end = i + kBegin.size();
  while (end < text_.size() && !has_at(text_, end, kEnd)) ++end;
  if (end < text_.size()) {
    end = text_.find(kDashes, end + kEnd.size());
    end = end == kNoMatch ? text_.size() : end + kDashes.size();
  }
  hit = {i, end, kRedacted};
  return true;
}

std::size_t Scanner::line_end(std::size_t i) const noexcept {
  return run_end(text_, i, [](char c) { return !is_line_end(c); });
}

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

bool Scanner::keyed(std::size_t i, Hit& hit) noexcept {
  if (i < key_end_ || !is_key(text_[i])) return false;
  key_end_ = run_end(text_, i, is_key);
  const SecretKey* key = secret_key(text_.substr(i, key_end_ - i));
  if (key == nullptr) return false;

  // What may stand between a key and its separator: "key\": , ['key'] =, key :=
  std::size_t p = run_end(text_, key_end_, [](char c) { return c == '\\'; });
  if (p < text_.size() && is_quote(text_[p])) ++p;
  if (p < text_.size() && text_[p] == ']') ++p;
  const std::size_t blanks_end = run_end(text_, p, is_blank);
  const bool element = i > 0 && text_[i - 1] == '<' && p < text_.size() && text_[p] == '>';
  const bool flag = text_[i] == '-' && blanks_end > p;
  p = blanks_end;
  if (element) {
    const std::size_t end = std::min(text_.find('<', p + 1), text_.size());
    hit = {p + 1, end, kRedacted};
    return end > p + 1 && !has_at(text_, p + 1, kRedacted);
  }
  if (p < text_.size() && is_one_of(text_[p], ":=")) {
    if (has_at(text_, p, "::") || has_at(text_, p, "://")) return false;
    ++p;
    if (p < text_.size() && is_one_of(text_[p], "=>")) ++p;
  } else if (!flag || (p < text_.size() && text_[p] == '-')) {
    return false;
  }
  p = run_end(text_, p, is_blank);

  // An opening quote, perhaps escaped, perhaps behind a letter or two (Python's b'').
  std::size_t quote = p;
  while (quote < text_.size() && quote < p + 2 && is_alpha(text_[quote])) ++quote;
  const std::size_t escapes_begin = quote;
  quote = run_end(text_, quote, [](char c) { return c == '\\'; });
  const std::size_t escapes = quote - escapes_begin;
  const bool quoted = quote < text_.size() && is_quote(text_[quote]);
  std::size_t begin = quoted ? quote + 1 : p, end = begin;
  if (has_at(text_, begin, kRedacted)) return false;
  if (quoted) {
    end = closing_quote(begin, text_[quote], escapes);
  } else if (p < text_.size() && is_one_of(text_[p], "[{")) {
    const char close = text_[p] == '[' ? ']' : '}';
    begin = p + 1;
    end = run_end(text_, begin, [close](char c) { return c != close && !is_line_end(c); });
  } else {
    end = value_end(p, key->where == Where::header);
  }

  const std::string_view value = text_.substr(begin, end - begin);
  if (value.empty()) return false;
  for (const std::string_view harmless : kHarmless) {
    if (equals(value, harmless)) return false;
  }
  hit = {begin, end, kRedacted};
  return true;
}

bool Scanner::scheme(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kTokenMin = 8, kWordMax = 20;
  std::size_t word_end = i;
  for (const std::string_view word : {"bearer", "basic"}) {
    if (has_at(text_, i, word)) word_end = i + word.size();
  }
  const std::size_t begin = run_end(text_, word_end, is_blank);
  if (word_end == i || begin == word_end) return false;
  const std::size_t end = run_end(text_, begin, is_token68);
  const std::string_view token = text_.substr(begin, end - begin);
  if (token.size() < kTokenMin) return false;
  // "Basic authentication failed" names a scheme and carries no token.
  const bool word =
      token.size() <= kWordMax && std::all_of(token.begin() + 1, token.end(), is_lower);
  if (word) return false;
  hit = {begin, end, kRedacted};
  return true;
}

bool Scanner::token(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kLookMax = 64;
  for (const SecretPrefix& entry : kSecretPrefixes) {
    if (!has_at(text_, i, entry.prefix)) continue;
    const auto follows = [&entry](char c) { return may_follow(entry.chars, c); };
    const std::size_t begin = i + entry.prefix.size();
    const std::string_view look = text_.substr(begin, kLookMax);
    const std::size_t length = run_end(look, 0, follows);
    const bool digit =
        std::any_of(look.begin(), look.begin() + static_cast<std::ptrdiff_t>(length), is_digit);
    if (length < entry.least || (entry.digit && !digit)) continue;
    hit = {i, run_end(text_, begin, follows), kRedacted};
    return true;
  }
  return false;
}

bool Scanner::userinfo(std::size_t i, Hit& hit) noexcept {
  if (!has_at(text_, i, "://")) return false;
  const auto in_url = [](char c) { return !is_space(c) && !is_quote(c) && c != '<' && c != '>'; };
  const std::size_t begin = i + 3;
  const std::size_t authority_end =
      run_end(text_, begin, [&](char c) { return in_url(c) && !is_one_of(c, "/?#"); });
  const std::string_view authority = text_.substr(begin, authority_end - begin);
  std::size_t at = authority.rfind('@');
  if (at == kNoMatch) {
    // A password may hold a raw slash. A port, the other thing behind a colon, is digits.
    const std::size_t colon = authority.find(':');
    if (colon == kNoMatch || begin < no_at_sign_before_) return false;
    const std::string_view port = authority.substr(colon + 1);
    if (std::all_of(port.begin(), port.end(), is_digit)) return false;
    const std::size_t url_end = run_end(text_, begin, in_url);
    at = text_.substr(begin, url_end - begin).rfind('@');
    if (at == kNoMatch) {
      no_at_sign_before_ = url_end;
      return false;
    }
  }
  if (at == 0 || has_at(text_, begin, kRedacted)) return false;
  hit = {begin, begin + at, kRedacted};
  return true;
}

// As a database's address without a scheme has it: root:secret@tcp(127.0.0.1).
bool Scanner::password_at_host(std::size_t i, Hit& hit) noexcept {
  if (i < colon_end_ || i == 0 || !is_alnum(text_[i - 1])) return false;
  colon_end_ = run_end(text_, i + 1, [](char c) {
    return !is_space(c) && !is_quote(c) && !is_one_of(c, "@/<>(),;");
  });
  const std::size_t at = colon_end_;
  if (at == i + 1 || at + 1 >= text_.size() || text_[at] != '@') return false;
  if (!is_alnum(text_[at + 1]) && !is_one_of(text_[at + 1], "[(")) return false;
  if (has_at(text_, i + 1, kRedacted)) return false;
  if (email(i + 1, hit)) return true;
  hit = {i + 1, at, kRedacted};
  return true;
}

bool Scanner::random_run(std::size_t i, Hit& hit) noexcept {
  if (i < random_end_ || !is_alnum(text_[i])) return false;
  random_end_ = run_end(text_, i, [](char c) { return is_alnum(c) || is_one_of(c, "_-+/"); });
  if (!looks_random(text_.substr(i, random_end_ - i))) return false;
  hit = {i, run_end(text_, random_end_, [](char c) { return c == '='; }), kRedacted};
  return true;
}

bool Scanner::hex_run(std::size_t i, Hit& hit) noexcept {
  constexpr std::size_t kHexMin = 32;
  if (i < hex_end_ || !is_alnum(text_[i])) return false;
  hex_end_ = run_end(text_, i, is_alnum);
  const std::string_view run = text_.substr(i, hex_end_ - i);
  if (run.size() < kHexMin || !std::all_of(run.begin(), run.end(), is_hex)) return false;
  if (std::none_of(run.begin(), run.end(), is_digit)) return false;
  hit = {i, hex_end_, kRedacted};
  return true;
}

}  // namespace candor::redact
