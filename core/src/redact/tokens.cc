// The detectors of secrets that give themselves away: by a well-known prefix, by their
// place in a URL, or because they look random.
#include "redact/scanner.h"

namespace candor::redact {
namespace {

enum class What : unsigned char {
  alnum,   // a prefix, and what may follow it
  word,    //   also - and _
  dotted,  //   also .
  path,    //   also / and :
  scheme,  // a word that is followed by a token
  quoted,  // a word that is followed by a secret in quotes
  thin,    // a database's address: thin:user/password@host
  login,   // a line of .netrc
};

struct TokenRule {
  std::string_view word;
  What what;
  unsigned char least;  // how many characters must follow
  bool digit;           // with a digit among the first, lest it be a word
};

using enum What;
constexpr TokenRule kRows[] = {
    // Clouds
    {"akia", alnum, 16, false},
    {"asia", alnum, 16, true},
    {"abia", alnum, 16, true},
    {"acca", alnum, 16, true},
    {"aiza", word, 30, false},
    {"ya29.", word, 20, false},
    {"1//0", word, 30, true},
    {"gocspx-", word, 20, false},
    {"dop_v1_", alnum, 16, false},
    {"doo_v1_", alnum, 16, false},
    {"dor_v1_", alnum, 16, false},
    {"sbp_", alnum, 30, true},
    {"nfp_", alnum, 30, true},
    {"fo1_", word, 30, true},
    {"hrku-", word, 30, true},
    {"pscale_tkn_", dotted, 20, false},
    {"pscale_pw_", dotted, 20, false},
    {"pul-", alnum, 32, true},
    {"dapi", alnum, 32, true},
    {"hvs.", word, 20, false},
    {"hvb.", word, 20, false},
    {"dp.pt.", alnum, 20, false},
    {"dp.st.", dotted, 20, false},
    {"atlasv1.", word, 30, false},
    {"age-secret-key-", alnum, 16, false},
    // Source and packages
    {"gho_", alnum, 16, false},
    {"ghp_", alnum, 16, false},
    {"ghr_", alnum, 16, false},
    {"ghs_", alnum, 16, false},
    {"ghu_", alnum, 16, false},
    {"github_pat_", word, 20, true},
    {"glpat-", word, 16, false},
    {"gldt-", word, 16, false},
    {"glrt-", word, 16, false},
    {"glptt-", word, 16, false},
    {"glsoat-", word, 16, false},
    {"glcbt-", word, 16, false},
    {"atatt3", word, 30, false},
    {"atbb", alnum, 28, true},
    {"npm_", alnum, 30, false},
    {"pypi-", word, 16, true},
    {"rubygems_", alnum, 32, true},
    {"dckr_pat_", word, 20, false},
    {"cio", alnum, 32, true},
    // Chat and mail
    {"xapp-", word, 10, true},
    {"xoxa-", word, 10, true},
    {"xoxb-", word, 10, true},
    {"xoxc-", word, 10, true},
    {"xoxd-", word, 10, true},
    {"xoxe-", word, 10, true},
    {"xoxe.", dotted, 10, true},
    {"xoxo-", word, 10, true},
    {"xoxp-", word, 10, true},
    {"xoxr-", word, 10, true},
    {"xoxs-", word, 10, true},
    {"hooks.slack.com/services/", path, 20, false},
    {"discord.com/api/webhooks/", path, 20, true},
    {"discordapp.com/api/webhooks/", path, 20, true},
    {"sg.", dotted, 30, true},
    {"key-", alnum, 32, true},
    // Money
    {"pk_live_", alnum, 10, false},
    {"rk_live_", alnum, 10, false},
    {"rk_test_", alnum, 10, false},
    {"sk_live_", alnum, 10, false},
    {"sk_test_", alnum, 10, false},
    {"whsec_", alnum, 16, false},
    {"sq0atp-", word, 20, false},
    {"sq0csp-", word, 20, false},
    {"shpat_", alnum, 16, false},
    {"shpca_", alnum, 16, false},
    {"shppa_", alnum, 16, false},
    {"shpss_", alnum, 16, false},
    // Models
    {"sk-", word, 16, true},
    {"hf_", alnum, 30, false},
    {"api_org_", alnum, 30, false},
    {"gsk_", alnum, 30, true},
    {"r8_", alnum, 30, true},
    {"pplx-", alnum, 30, true},
    {"xai-", alnum, 30, true},
    // Services
    {"eyj", dotted, 16, false},  // a JSON Web Token: {" in base64
    {"figd_", word, 20, false},
    {"glsa_", word, 30, true},
    {"glc_", alnum, 30, true},
    {"lin_api_", alnum, 16, false},
    {"ntn_", alnum, 30, true},
    {"secret_", alnum, 40, true},
    {"nrak-", alnum, 20, false},
    {"phc_", alnum, 20, false},
    {"phs_", alnum, 20, false},
    {"phx_", alnum, 20, false},
    {"pmak-", word, 30, true},
    {"sntrys_", dotted, 30, false},
    {"sntryu_", alnum, 30, true},
    {"sl.", word, 60, true},
    {"cfpat-", word, 30, true},
    {"tskey-", word, 16, true},
    // Words
    {"bearer", scheme, 0, false},
    {"basic", scheme, 0, false},
    {"negotiate", scheme, 0, false},
    {"password", quoted, 0, false},
    {"identified by", quoted, 0, false},
    {"thin:", thin, 0, false},
    {"login", login, 0, false},
};
constexpr WordTable kTable(kRows);

// A word before hexadecimal digits that says they are no secret.
constexpr std::string_view kDigestWords[] = {
    "sha",       "sha1",        "sha256", "sha384",   "sha512",   "md5",   "digest",  "checksum",
    "commit",    "commits",     "rev",    "revision", "ref",      "tree",  "blob",    "parent",
    "object",    "head",        "merge",  "hash",     "etag",     "trace", "traceid", "span",
    "integrity", "fingerprint", "image",  "layer",    "manifest", "index", "blake2b", "blake3"};
// Before base64.
constexpr std::string_view kDigestPrefixes[] = {"sha1-", "sha256-", "sha384-", "sha512-"};

bool is_token68(char c) noexcept { return is_alnum(c) || is_one_of(c, "._~+/=-"); }

bool may_follow(What what, char c) noexcept {
  if (is_alnum(c)) return true;
  switch (what) {
    case word: return c == '-' || c == '_';
    case dotted: return c == '-' || c == '_' || c == '.';
    case path: return is_one_of(c, "-_./:");
    default: return false;
  }
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
// places of three, names in camelCase or snake_case at one of three or fewer. Between joiners,
// whole words and hexadecimal pieces (of UUIDs, and what hex_run has judged) don't count.
bool is_regular(std::string_view piece) noexcept {
  constexpr std::size_t kWordMin = 4, kHexMin = 16;
  if (piece.size() >= kWordMin && std::all_of(piece.begin(), piece.end(), is_lower)) return true;
  const bool length =
      piece.size() == 4 || piece.size() == 8 || piece.size() == 12 || piece.size() >= kHexMin;
  return length && std::all_of(piece.begin(), piece.end(), is_hex);
}

bool looks_random(std::string_view run) noexcept {
  constexpr std::size_t kRunMin = 32, kRunWithSlashMin = 40;
  if (run.size() < kRunMin || is_uuid_like(run)) return false;
  std::size_t n = 0, uppers = 0, lowers = 0, digits = 0, slashes = 0, changes = 0;
  int last = -1;
  for (std::size_t i = 0; i < run.size();) {
    if (i == 0 || !is_alnum(run[i - 1])) {
      const std::size_t end = run_end(run, i, is_alnum);
      if (is_regular(run.substr(i, end - i))) {
        i = end;
        continue;
      }
    }
    const char c = run[i++];
    const int kind = is_upper(c) ? 0 : is_lower(c) ? 1 : is_digit(c) ? 2 : 3;
    ++n;
    uppers += kind == 0;
    lowers += kind == 1;
    digits += kind == 2;
    slashes += c == '/';
    changes += kind != last;
    last = kind;
  }
  if (n < kRunMin || (slashes > 0 && run.size() < kRunWithSlashMin)) return false;
  const bool mixed = uppers > 0 && lowers > 0 && digits > 0;
  if (mixed && changes * 5 >= n * 2) return true;
  return slashes == 0 && digits * 8 >= n && lowers + uppers > 0 && changes * 4 >= n;
}

}  // namespace

// Hexadecimal digits, but for those of commits and digests: what a version control system or a
// checksum prints is on every page of a build's output.
bool Scanner::hex_run(std::size_t begin, std::size_t end, Hit& hit) const noexcept {
  constexpr std::size_t kGapMax = 4, kWordMax = 16, kCommit = 40, kSha256 = 64;
  const std::string_view run = text_.substr(begin, end - begin);
  if (!std::all_of(run.begin(), run.end(), is_hex)) return false;
  if (std::none_of(run.begin(), run.end(), is_digit)) return false;

  const std::size_t gap = begin - std::min(begin, kGapMax);
  const std::size_t word_end = run_begin(text_, begin, std::max(from_, gap),
                                         [](char c) { return is_one_of(c, " \t:=@-\"'(/#["); });
  const std::size_t lowest = std::max(from_, word_end - std::min(word_end, kWordMax));
  const std::size_t word_begin = run_begin(text_, word_end, lowest, is_alnum);
  if (word_end < begin && is_among(text_.substr(word_begin, word_end - word_begin), kDigestWords)) {
    return false;
  }
  const bool small = std::none_of(run.begin(), run.end(), is_upper);
  const bool named = word_end < begin && word_end > word_begin;
  if (run.size() == kCommit && small && !named) return false;
  if (run.size() == kSha256 && small) {
    // A list of checksums, or a layer's.
    if (has_at(text_, end, "  ") || has_at(text_, end, " *")) return false;
  }
  hit = {begin, end, Kind::secret};
  return true;
}

bool Scanner::random_run(std::size_t begin, std::size_t end, Hit& hit) const noexcept {
  const std::string_view run = text_.substr(begin, end - begin);
  for (const std::string_view prefix : kDigestPrefixes) {
    if (has_at(run, 0, prefix)) return false;
  }
  const auto behind = [&](std::string_view before) {
    return begin >= from_ + before.size() && has_at(text_, begin - before.size(), before);
  };
  if (behind("sha256:") || behind("h1:")) return false;         // a key's fingerprint, a Go module
  if (run.starts_with("ZN") && is_digit(run[2])) return false;  // a mangled name
  if (!looks_random(run)) return false;
  hit = {begin, run_end(text_, end, [](char c) { return c == '='; }), Kind::secret};
  return true;
}

bool Scanner::known_word(std::size_t i, Hit& hit) noexcept {
  bool found = false;
  const auto accept = [&](const TokenRule& rule) {
    const std::size_t begin = i + rule.word.size();
    switch (rule.what) {
      case scheme: return found = scheme_token(begin, hit);
      case quoted: return found = quoted_after(begin, hit);
      case thin: return found = thin_address(begin, hit);
      case login: return found = login_line(begin, hit);
      default: break;
    }
    // Where what may follow ends, and where the next digit is, was mostly found before.
    auto& [run_begin, run_end] = token_runs_[static_cast<std::size_t>(rule.what)];
    if (begin < run_begin || begin >= run_end) {
      run_begin = begin;
      run_end = redact::run_end(text_, begin, [&](char c) { return may_follow(rule.what, c); });
    }
    if (run_end - begin < rule.least) return false;
    if (rule.digit) {
      if (begin > next_digit_ || next_digit_ == kNoMatch) {
        next_digit_ = redact::run_end(text_, begin, [](char c) { return !is_digit(c); });
      }
      if (next_digit_ >= run_end) return false;
    }
    hit = {i, run_end, Kind::secret};
    return found = true;
  };
  kTable.find(text_, i, accept);
  return found;
}

// What follows the name of an authentication scheme.
bool Scanner::scheme_token(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kTokenMin = 8, kWordMax = 20;
  const std::size_t begin = run_end(text_, i, is_blank);
  if (begin == i) return false;
  const std::size_t end = run_end(text_, begin, is_token68);
  const std::string_view token = text_.substr(begin, end - begin);
  if (token.size() < kTokenMin) return false;
  // "Basic authentication failed" names a scheme and carries no token.
  const std::string_view bare = token.substr(0, token.find_last_not_of("._-") + 1);
  const bool is_word = token.size() <= kWordMax && !bare.empty() &&
                       std::all_of(bare.begin() + 1, bare.end(), is_lower);
  if (is_word) return false;
  hit = {begin, end, Kind::secret};
  return true;
}

// password 'secret', as SQL has it.
bool Scanner::quoted_after(std::size_t i, Hit& hit) noexcept {
  const std::size_t begin = run_end(text_, i, is_blank);
  if (begin == i || begin >= text_.size() || (text_[begin] != '\'' && text_[begin] != '"')) {
    return false;
  }
  return quoted_value(Key{}, begin, 0, hit);
}

// thin:user/password@host
bool Scanner::thin_address(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kUserMax = 32, kPasswordMax = 64;
  const std::size_t slash = run_end(text_.substr(0, i + kUserMax), i, is_key);
  if (slash == i || slash >= text_.size() || text_[slash] != '/') return false;
  const auto in_password = [](char c) { return !is_space(c) && !is_quote(c) && c != '@'; };
  const std::size_t end =
      run_end(text_.substr(0, slash + 1 + kPasswordMax), slash + 1, in_password);
  if (end == slash + 1 || end >= text_.size() || text_[end] != '@' || is_marked(slash + 1)) {
    return false;
  }
  hit = {slash + 1, end, Kind::secret};
  return true;
}

// login ada password hunter2
bool Scanner::login_line(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kUserMax = 64;
  constexpr std::string_view kPassword = "password";
  const auto in_word = [](char c) { return !is_space(c); };
  const std::size_t user = run_end(text_, i, is_blank);
  const std::size_t user_end = run_end(text_.substr(0, user + kUserMax), user, in_word);
  const std::size_t next = run_end(text_, user_end, is_space);
  if (user == i || next == user_end || !has_at(text_, next, kPassword)) return false;
  const std::size_t begin = run_end(text_, next + kPassword.size(), is_blank);
  const std::size_t end = run_end(text_, begin, in_word);
  if (begin == next + kPassword.size() || begin == end || is_marked(begin)) return false;
  hit = {begin, end, Kind::secret};
  return true;
}

bool Scanner::pem(std::size_t i, Hit& hit) noexcept {
  constexpr std::string_view kBegin = "-----begin ", kEnd = "-----end ", kDashes = "-----";
  constexpr std::string_view kSshBegin = "---- begin ssh2 ", kSshEnd = "---- end ssh2 ",
                             kSshDashes = "----";
  const bool ssh = has_at(text_, i, kSshBegin);
  if (!ssh && !has_at(text_, i, kBegin)) return false;
  const std::string_view last = ssh ? kSshEnd : kEnd, dashes = ssh ? kSshDashes : kDashes;
  std::size_t end = i + last.size();
  while (end < text_.size() && !has_at(text_, end, last)) {
    end = std::min(text_.find('-', end + 1), text_.size());
  }
  if (end < text_.size()) {
    end = text_.find(dashes, end + last.size());
    end = end == kNoMatch ? text_.size() : end + dashes.size();
  }
  hit = {i, end, Kind::secret};
  return true;
}

// $2b$10$..., $6$..., $argon2id$...
bool Scanner::password_hash(std::size_t i, Hit& hit) const noexcept {
  constexpr std::size_t kIdMax = 10, kBytesMin = 20;
  const std::size_t id = run_end(text_.substr(0, i + 1 + kIdMax), i + 1, is_alnum);
  if (id == i + 1 || id >= text_.size() || text_[id] != '$') return false;
  if (!is_digit(text_[i + 1]) && !has_at(text_, i + 1, "argon2") &&
      !has_at(text_, i + 1, "pbkdf2") && !has_at(text_, i + 1, "scrypt")) {
    return false;
  }
  const std::size_t end =
      run_end(text_, id, [](char c) { return is_alnum(c) || is_one_of(c, "$./+=,-_"); });
  if (end - id < kBytesMin) return false;
  hit = {i, end, Kind::secret};
  return true;
}

bool Scanner::userinfo(std::size_t i, Hit& hit) noexcept {
  if (!has_at(text_, i, "://")) return false;
  const auto in_url = [](char c) { return !is_space(c) && !is_quote(c) && c != '<' && c != '>'; };
  const std::size_t begin = i + 3;
  const bool is_file = i >= 4 && has_at(text_, i - 4, "file");
  if (begin >= url_end_ && !is_file) url_end_ = run_end(text_, begin, in_url);
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
  if (at == 0 || is_marked(begin)) return false;
  if (text_.substr(begin, at) == "git") return false;  // everybody's, of an SSH address
  hit = {begin, begin + at, Kind::secret};
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
  if (is_marked(i + 1)) return false;
  if (domain_end(at + 1) != kNoMatch && email(at, at + 1, hit) && hit.begin > i) return true;
  if (has_at(text_, at + 1, "sha256:")) return false;  // an image's digest
  // A package's version: npm:left-pad@1.3.0, which has a dot less than an address.
  const std::size_t version_end =
      run_end(text_, at + 1, [](char c) { return is_digit(c) || c == '.'; });
  const std::string_view version = text_.substr(at + 1, version_end - at - 1);
  if (std::count(version.begin(), version.end(), '.') == 2) return false;
  if (has_at(text_, i - std::min<std::size_t>(i, 3), "npm")) return false;
  hit = {i + 1, at, Kind::secret};
  return true;
}

}  // namespace candor::redact
