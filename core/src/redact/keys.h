// Which keys announce a secret, and what their values look like.
#pragma once

#include <cstdint>
#include <string_view>

namespace candor::redact {

struct KeyRule {
  enum class Where : std::uint8_t {
    anywhere,  // in the key, whose separators are left out
    at_end,    // "max_tokens" is no secret, "auth_token" is
    as_word,   // the last word by itself: "db_pass", not "compass"
    exactly,
  };
  enum class Value : std::uint8_t {
    word,    // up to the next white space
    weak,    // the same, but prose often stands there: "auth: connection refused"
    phrase,  // may hold blanks where the key begins its line
    line,    // the rest of the line and what it is continued by, as a header's
  };
  std::string_view word;
  Where where;
  Value value;
};

// The rule for a key, null when it announces no secret. Only the end of a long key counts.
[[nodiscard]] const KeyRule* key_rule(std::string_view key) noexcept;

}  // namespace candor::redact
