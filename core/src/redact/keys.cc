// The keys that announce a secret: password=..., "api_key": "...", Authorization: ...,
// --token ..., <secret>...</secret>.
#include "redact/keys.h"

#include <array>

#include "redact/scanner.h"

namespace candor::redact {
namespace {

using enum KeyRule::Where;
using enum KeyRule::Value;

// By key, whose separators are left out.
constexpr KeyRule kRows[] = {
    {"password", anywhere, phrase},
    {"passwd", anywhere, phrase},
    {"passphrase", anywhere, phrase},
    {"passcode", anywhere, word},
    {"passwort", anywhere, phrase},
    {"contrasena", anywhere, phrase},
    {"mnemonic", at_end, phrase},
    {"seedphrase", at_end, phrase},
    {"recoveryphrase", at_end, phrase},
    {"pwd", at_end, phrase},
    {"pass", as_word, phrase},
    {"pw", as_word, phrase},
    {"pin", exactly, word},
    {"otp", as_word, word},
    {"totp", as_word, word},
    {"secret", anywhere, phrase},
    {"token", at_end, weak},
    {"tokens", exactly, weak},
    {"apikey", anywhere, word},
    {"apitoken", anywhere, word},
    {"accesskey", anywhere, word},
    {"accountkey", anywhere, word},
    {"sharedaccesskey", anywhere, word},
    {"privatekey", anywhere, word},
    {"signingkey", anywhere, word},
    {"encryptionkey", anywhere, word},
    {"masterkey", anywhere, word},
    {"licensekey", anywhere, word},
    {"subscriptionkey", anywhere, word},
    {"authkey", at_end, word},
    {"sshkey", at_end, word},
    {"webhookurl", at_end, word},
    {"credential", anywhere, weak},
    {"creds", as_word, weak},
    {"bearer", at_end, weak},
    {"jwt", as_word, word},
    {"auth", as_word, weak},
    {"signature", at_end, weak},
    {"sig", as_word, word},
    {"sessionid", at_end, word},
    {"sessid", at_end, word},
    {"sessionkey", at_end, word},
    {"connectionstring", at_end, line},
    {"connstr", at_end, line},
    {"authorization", exactly, line},
    {"proxyauthorization", exactly, line},
    {"xauthorization", exactly, line},
    {"cookie", exactly, line},
    {"setcookie", exactly, line},
    {"cookies", exactly, line},
};
constexpr WordTable kTable(kRows);

// A key of these says something about a secret, and holds none: password_file, secretName.
constexpr std::string_view kAboutSecrets[] = {
    "file",      "path",    "name",     "names",     "count",     "length",     "len",     "size",
    "type",      "url",     "uri",      "policy",    "required",  "field",      "prompt",  "hint",
    "ttl",       "expiry",  "expires",  "expiresin", "expiresat", "expiration", "version", "arn",
    "secretary", "manager", "provider", "format",    "rules",     "strength",   "less",    "limit",
    "attempts",  "enabled", "changed",  "updated",   "createdat", "updatedat",  "age",     "id"};

// What may stand before the word token in the errors of parsers.
constexpr std::string_view kParserWords[] = {"unexpected", "unknown",  "illegal",  "next",
                                             "current",    "previous", "expected", "last",
                                             "bad",        "eof",      "near",     "special"};

constexpr std::size_t kKeyBytesMax = 64;

// The last word of a key: what follows a separator or a change to upper case.
std::string_view last_word(std::string_view key) noexcept {
  std::size_t i = key.size();
  while (i > 0 && is_alnum(key[i - 1])) {
    --i;
    if (is_upper(key[i]) && i > 0 && is_lower(key[i - 1])) break;
  }
  return key.substr(i);
}

bool is_about_secrets(std::string_view plain, std::string_view word) noexcept {
  const std::size_t at = plain.find(word);
  const std::string_view rest = plain.substr(at + word.size());
  return std::any_of(std::begin(kAboutSecrets), std::end(kAboutSecrets),
                     [&](std::string_view end) { return rest.ends_with(end) || plain == end; });
}

constexpr KeyRule kOwn{"", KeyRule::Where::exactly, KeyRule::Value::word};
constexpr KeyRule kNamed{"value", KeyRule::Where::exactly, KeyRule::Value::word};
constexpr KeyRule kPass{"pass", KeyRule::Where::exactly,
                        KeyRule::Value::weak};  // or a test's verdict
constexpr KeyRule kFlag{"user", KeyRule::Where::exactly, KeyRule::Value::word};

}  // namespace

const KeyRule* key_rule(std::string_view key) noexcept {
  if (key.size() > kKeyBytesMax) key.remove_prefix(key.size() - kKeyBytesMax);
  std::array<char, kKeyBytesMax> bytes;
  std::size_t n = 0;
  for (const char c : key) {
    if (is_alnum(c)) bytes[n++] = lower(c);
  }
  const std::string_view plain(bytes.data(), n);
  const auto accept = [&](std::size_t i, const KeyRule& rule) {
    const bool ends = i + rule.word.size() == n;
    switch (rule.where) {
      case anywhere: return ends || !is_about_secrets(plain, rule.word);
      case at_end: return ends;
      case as_word: return ends && equals(last_word(key), rule.word);
      case exactly: return ends && i == 0;
    }
    return false;
  };
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const KeyRule* const found =
        kTable.find(plain, i, [&](const KeyRule& rule) { return accept(i, rule); });
    if (found != nullptr) return found;
  }
  return nullptr;
}

// The key that ends before a separator: key, 'key', key\", ['key'] or a word before "key".
bool Scanner::find_key(std::size_t separator, Key& key) const noexcept {
  constexpr std::size_t kBlanksMax = 32, kEscapesMax = 8;
  const auto back = [&](std::size_t end, std::size_t most, auto test) {
    return run_begin(text_, end, std::max(from_, end - std::min(end, most)), test);
  };
  std::size_t i = back(separator, kBlanksMax, is_blank);
  bool subscript = false;
  if (i > from_ && text_[i - 1] == ']') {
    --i;
    subscript = true;
  }
  bool quoted = false;
  if (i > from_ && is_quote(text_[i - 1])) {
    --i;
    i = back(i, kEscapesMax, [](char c) { return c == '\\'; });
    quoted = true;
  } else if (subscript) {
    return false;
  }
  key.end = i;
  key.begin = back(i, kKeyBytesMax, is_key);
  if (!quoted && key.begin > from_ && text_[key.begin - 1] == '\\' && key.begin < key.end &&
      is_one_of(text_[key.begin], "nrt")) {
    ++key.begin;  // the n of an escaped line end
  }
  if (key.begin == key.end) return false;
  // "API key: ..."
  if (equals(text_.substr(key.begin, key.end - key.begin), "key") && key.begin > from_ &&
      text_[key.begin - 1] == ' ') {
    key.begin = back(key.begin - 1, kKeyBytesMax, is_key);
  }
  if (!quoted && key.begin > from_ && is_quote(text_[key.begin - 1])) {
    key.quote = text_[key.begin - 1];
    const std::size_t escapes = back(key.begin - 1, kEscapesMax, [](char c) { return c == '\\'; });
    key.escapes = key.begin - 1 - escapes;
  }
  return true;
}

// What stands at a separator [separator, separator_end): an equals sign or a colon.
bool Scanner::keyed(std::size_t separator, std::size_t separator_end, Hit& hit) noexcept {
  if (has_at(text_, separator, "::") || has_at(text_, separator, "://")) return false;
  Key key;
  if (!find_key(separator, key)) return false;
  std::string_view name = text_.substr(key.begin, key.end - key.begin);
  std::size_t p = separator_end;
  if (p < text_.size() && is_one_of(text_[p], "=>")) ++p;
  const std::size_t begin = skip_gap(p);

  key.rule = key_rule(name);
  if (key.rule == nullptr) name.remove_prefix(name.find(' ') + 1);  // no "API key"
  if (key.rule != nullptr && equals(name, "pass")) key.rule = &kPass;
  if (key.rule == nullptr && !own_prefix_.empty() && name.size() > own_prefix_.size() + 1 &&
      name.starts_with(own_prefix_) && name[own_prefix_.size()] == '_') {
    key.rule = &kOwn;
  }
  if (key.rule == nullptr && separator < named_until_ && equals(name, "value")) key.rule = &kNamed;
  if (key.rule == nullptr) {
    constexpr std::size_t kNameMax = 64, kNearMax = 96;
    if (equals(name, "name") || equals(name, "key")) {
      const std::size_t named =
          run_end(text_, begin, [](char c) { return is_quote(c) || c == '\\'; });
      const std::size_t end = run_end(text_.substr(0, named + kNameMax), named, is_key);
      if (end > named && key_rule(text_.substr(named, end - named)) != nullptr) {
        named_until_ = end + kNearMax;
      }
    }
    return false;
  }
  if (equals(name, "token") && key.begin > from_ && is_blank(text_[key.begin - 1])) {
    constexpr std::size_t kParserWordMax = 12;
    const std::size_t lowest = std::max(from_, key.begin - std::min(key.begin, kParserWordMax));
    const std::size_t word = run_begin(text_, key.begin - 1, lowest, is_alpha);
    if (is_among(text_.substr(word, key.begin - 1 - word), kParserWords)) return false;
  }
  return value(key, begin, begin > p || text_[separator] == ':', hit);
}

// <key>...</key>; `close` is where the first of the two closes.
bool Scanner::element(std::size_t close, Hit& hit) noexcept {
  constexpr std::string_view kData = "<![cdata[";
  const std::size_t lowest = std::max(from_, close - std::min(close, kKeyBytesMax));
  const std::size_t name = run_begin(text_, close, lowest, is_key);
  if (name == close || name == from_ || text_[name - 1] != '<') return false;
  Key key{.begin = name, .end = close, .rule = key_rule(text_.substr(name, close - name))};
  if (key.rule == nullptr) return false;
  std::size_t begin = close + 1;
  std::size_t end = kNoMatch;
  if (has_at(text_, begin, kData)) {
    begin += kData.size();
    end = text_.find("]]>", begin);
  } else {
    end = text_.find('<', begin);
  }
  return report(key, begin, std::min(end, text_.size()), true, hit);
}

// --password hunter2, also in a list of arguments; -u user:password
bool Scanner::flag(std::size_t i, Hit& hit) noexcept {
  if (i > from_ && !is_space(text_[i - 1]) && !is_quote(text_[i - 1]) &&
      !is_one_of(text_[i - 1], "([{,")) {
    return false;
  }
  if (i > 0 && i == from_ && is_key(text_[i - 1])) return false;
  const std::size_t begin = i + (has_at(text_, i, "--") ? 2 : 1);
  const std::size_t end = run_end(text_.substr(0, begin + kKeyBytesMax), begin, is_key);
  if (end == begin || end >= text_.size() || !is_alpha(text_[begin])) return false;
  const std::string_view name = text_.substr(begin, end - begin);
  Key key{.begin = begin, .end = end, .rule = key_rule(name)};
  const bool user = name == "u" || name == "user" || name == "proxy-user";
  if (user) key.rule = &kFlag;
  if (key.rule == nullptr) return false;

  std::size_t p = end;
  const bool quoted = is_quote(text_[p]);
  if (quoted) ++p;
  if (quoted && p < text_.size() && text_[p] == ',') ++p;
  const std::size_t value = skip_gap(p);
  if (value == end || value >= text_.size() || text_[value] == '-') return false;
  if (quoted && !is_quote(text_[value])) return false;
  if (user) {
    constexpr std::size_t kUserMax = 128;
    const std::size_t from = value + (is_quote(text_[value]) ? 1 : 0);
    const std::size_t colon = run_end(text_.substr(0, from + kUserMax), from,
                                      [](char c) { return is_key(c) || c == '@' || c == '\\'; });
    if (colon == from || colon + 1 >= text_.size() || text_[colon] != ':') return false;
    if (is_space(text_[colon + 1]) || text_[colon + 1] == '/') return false;
    return report(key, colon + 1, word_end(colon + 1, is_quote(text_[value]) ? text_[value] : 0),
                  false, hit);
  }
  if (is_quote(text_[value])) return quoted_value(key, value, 0, hit);
  if (is_line_end(text_[value])) return false;
  return plain_value(key, value, false, hit);
}

}  // namespace candor::redact
