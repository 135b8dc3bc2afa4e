// The detectors of secrets that give themselves away: by a well-known prefix, by their
// place in a URL or a header, or because they look random.
#include <algorithm>
#include <array>

#include "redact/chars.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

constexpr std::size_t kNoMatch = std::string_view::npos;

enum class Chars : unsigned char { alnum, word, dotted };

struct SecretPrefix {
  std::string_view prefix;
  Chars chars;          // what may follow
  unsigned char least;  // how many of them must
  bool digit;           // with a digit among the first, lest it be a word
};

// By prefix, which is in lower case.
constexpr SecretPrefix kSecretPrefixes[] = {
    {"age-secret-key-", Chars::alnum, 16, false},
    {"aiza", Chars::word, 30, false},
    {"akia", Chars::alnum, 16, false},
    {"asia", Chars::alnum, 16, true},
    {"dapi", Chars::alnum, 32, true},
    {"dop_v1_", Chars::alnum, 16, false},
    {"eyj", Chars::dotted, 16, false},  // a JSON Web Token: {" in base64
    {"gho_", Chars::alnum, 16, false},
    {"ghp_", Chars::alnum, 16, false},
    {"ghr_", Chars::alnum, 16, false},
    {"ghs_", Chars::alnum, 16, false},
    {"ghu_", Chars::alnum, 16, false},
    {"github_pat_", Chars::word, 20, true},
    {"glpat-", Chars::word, 16, false},
    {"hf_", Chars::alnum, 30, false},
    {"lin_api_", Chars::alnum, 16, false},
    {"npm_", Chars::alnum, 30, false},
    {"phc_", Chars::alnum, 20, false},
    {"phs_", Chars::alnum, 20, false},
    {"phx_", Chars::alnum, 20, false},
    {"pk_live_", Chars::alnum, 10, false},
    {"pypi-", Chars::word, 16, true},
    {"rk_live_", Chars::alnum, 10, false},
    {"sg.", Chars::dotted, 30, true},
    {"shpat_", Chars::alnum, 16, false},
    {"sk-", Chars::word, 16, true},
    {"sk_live_", Chars::alnum, 10, false},
    {"sk_test_", Chars::alnum, 10, false},
    {"whsec_", Chars::alnum, 16, false},
    {"xapp-", Chars::word, 10, true},
    {"xoxa-", Chars::word, 10, true},
    {"xoxb-", Chars::word, 10, true},
    {"xoxe-", Chars::word, 10, true},
    {"xoxo-", Chars::word, 10, true},
    {"xoxp-", Chars::word, 10, true},
    {"xoxr-", Chars::word, 10, true},
    {"xoxs-", Chars::word, 10, true},
    {"ya29.", Chars::word, 20, false},
};

// Rows of the prefixes that begin with each letter: from kFirstRow[c - 'a'] to the next.
constexpr std::array<std::size_t, 27> kFirstRow = [] {
  std::array<std::size_t, 27> rows{};
  for (std::size_t letter = 0; letter < 27; ++letter) {
    while (rows[letter] < std::size(kSecretPrefixes) &&
           kSecretPrefixes[rows[letter]].prefix[0] < static_cast<char>('a' + letter)) {
      ++rows[letter];
    }
  }
  return rows;
}();
static_assert(std::is_sorted(std::begin(kSecretPrefixes), std::end(kSecretPrefixes),
                             [](const SecretPrefix& a, const SecretPrefix& b) {
                               return a.prefix < b.prefix;
                             }));

bool is_token68(char c) noexcept { return is_alnum(c) || is_one_of(c, "._~+/=-"); }

bool may_follow(Chars chars, char c) noexcept {
  return is_alnum(c) || (chars != Chars::alnum && is_one_of(c, "_-")) ||
         (chars == Chars::dotted && c == '.');
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
  if (slashes > 0 && n < kRunWithSlashMin) return false;  // rather a path
  if (mixed && changes * 5 >= n * 2) return true;
  return slashes == 0 && digits * 8 >= n && lowers + uppers > 0 && changes * 4 >= n;
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
  if (!is_alpha(text_[i])) return false;
  const auto letter = static_cast<std::size_t>(lower(text_[i]) - 'a');
  for (std::size_t row = kFirstRow[letter]; row < kFirstRow[letter + 1]; ++row) {
    const SecretPrefix& entry = kSecretPrefixes[row];
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
