// Finds what must not leave the machine, one hit after the other, in one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "redact/chars.h"

namespace candor::redact {

enum class Kind : std::uint8_t { secret, email, home };

// What stands for a hit. Scanned again, a mark is left as it is.
constexpr std::string_view mark(Kind kind) noexcept {
  switch (kind) {
    case Kind::secret: return "[redacted]";
    case Kind::email: return "[email]";
    case Kind::home: return "~";
  }
  return "[redacted]";
}

// Bytes [begin, end) of the text. Never empty when found.
struct Hit {
  std::size_t begin = 0, end = 0;
  Kind kind = Kind::secret;
};

struct KeyRule;

// A key that announces a secret, and how it is written: password=..., 'password': ...
struct Key {
  std::size_t begin = 0, end = 0;  // its characters
  const KeyRule* rule = nullptr;
  char quote = 0;           // opened just before the key and not closed behind it, or 0
  std::size_t escapes = 0;  // backslashes before that quote
};

// Linear in the text. Characters that can't begin or announce anything are passed over by a table.
// Each detector looks ahead and back no further than a constant, or reports what it read, or
// remembers that there was nothing to be found.
class Scanner {
 public:
  // `own_prefix` is the product's: PREFIX_ANYTHING=value announces a secret.
  Scanner(std::string_view text, std::string_view own_prefix) noexcept
      : text_(text), own_prefix_(own_prefix) {}
  // The next hit in the text; false when there is none.
  bool next(Hit& hit) noexcept;

 private:
  bool word(std::size_t i, std::size_t end, Hit& hit) noexcept;
  bool sign(std::size_t i, Hit& hit) noexcept;

  // tokens.cc: secrets that give themselves away.
  bool hex_run(std::size_t begin, std::size_t end, Hit& hit) const noexcept;
  bool random_run(std::size_t begin, std::size_t end, Hit& hit) const noexcept;
  bool known_word(std::size_t i, Hit& hit) noexcept;           // ghp_..., Bearer ...
  bool pem(std::size_t i, Hit& hit) noexcept;                  // -----BEGIN ... END-----
  bool password_hash(std::size_t i, Hit& hit) const noexcept;  // $2b$10$...
  bool userinfo(std::size_t i, Hit& hit) noexcept;             // ://user:password@
  bool password_at_host(std::size_t i, Hit& hit) noexcept;     // user:password@host
  bool scheme_token(std::size_t i, Hit& hit) const noexcept;
  bool quoted_after(std::size_t i, Hit& hit) noexcept;  // IDENTIFIED BY '...'
  bool thin_address(std::size_t i, Hit& hit) const noexcept;
  bool login_line(std::size_t i, Hit& hit) const noexcept;  // login ada password ...

  // keys.cc and value.cc: secrets that stand behind a key.
  bool keyed(std::size_t separator, std::size_t separator_end, Hit& hit) noexcept;
  bool element(std::size_t close, Hit& hit) noexcept;  // <password>...
  bool flag(std::size_t i, Hit& hit) noexcept;         // --password ...
  bool find_key(std::size_t separator, Key& key) const noexcept;
  [[nodiscard]] std::size_t skip_gap(std::size_t i) const noexcept;
  bool value(const Key& key, std::size_t i, bool spaced, Hit& hit) noexcept;
  bool quoted_value(const Key& key, std::size_t i, std::size_t escapes, Hit& hit) noexcept;
  bool bracketed_value(std::size_t i, Hit& hit) noexcept;
  bool plain_value(const Key& key, std::size_t i, bool spaced, Hit& hit) noexcept;
  bool next_line_value(const Key& key, std::size_t line_end, Hit& hit) noexcept;
  bool report(const Key& key, std::size_t begin, std::size_t end, bool quoted, Hit& hit) noexcept;
  [[nodiscard]] std::size_t closing_quote(std::size_t i, char quote, std::size_t escapes) noexcept;
  [[nodiscard]] std::size_t word_end(std::size_t i, char quote) const noexcept;
  [[nodiscard]] std::size_t header_end(const Key& key, std::size_t i) noexcept;
  [[nodiscard]] std::size_t line_end(std::size_t i) const noexcept;
  [[nodiscard]] std::size_t next_line(std::size_t line_end) const noexcept;
  [[nodiscard]] std::size_t indent(std::size_t i) const noexcept;
  [[nodiscard]] bool begins_line(const Key& key) const noexcept;
  [[nodiscard]] bool is_marked(std::size_t i) const noexcept {
    return has_at(text_, i, mark(Kind::secret));
  }

  // personal.cc
  bool email(std::size_t at, std::size_t domain, Hit& hit) const noexcept;
  bool home(std::size_t i, Hit& hit) const noexcept;
  [[nodiscard]] std::size_t separator(std::size_t i) const noexcept;
  [[nodiscard]] std::size_t domain_end(std::size_t i) const noexcept;
  [[nodiscard]] std::size_t user_end(std::size_t i, bool backslash) const noexcept;

  const std::string_view text_, own_prefix_;
  std::size_t at_ = 0;
  std::size_t from_ = 0;        // the end of the last hit: nothing may begin before it
  std::size_t run_ = kNoMatch;  // where the letters, digits and joiners began that go on here
  // Ends of what was read and is not read again.
  std::size_t colon_end_ = 0, no_at_sign_before_ = 0, url_end_ = 0, next_digit_ = kNoMatch;
  struct Run {
    std::size_t begin = 0, end = 0;
  };
  std::array<Run, 4> token_runs_;  // of what may follow a prefix
  // Searches to the end of the text that found nothing, and would not later either.
  std::uint8_t unclosed_ = 0;
  // Behind a name that announces a secret, as in {"name": "password", "value": "..."}.
  std::size_t named_until_ = 0;
};

}  // namespace candor::redact
