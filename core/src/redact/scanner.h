// Finds what must not leave the machine, one hit after the other, in one pass.
#pragma once

#include <cstddef>
#include <string_view>

namespace candor::redact {

inline constexpr std::string_view kRedacted = "[redacted]";
inline constexpr std::string_view kEmail = "[email]";
inline constexpr std::string_view kHome = "~";

// Bytes [begin, end) of the text, to be replaced by `by`. Never empty when found.
struct Hit {
  std::size_t begin = 0, end = 0;
  std::string_view by;
};

// Linear in the text: a detector that reads a whole run of characters remembers
// where the run ended and does not start inside it again; all others look ahead
// no further than a constant, or report what they read.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}
  // The next hit in the text; false when there is none.
  bool next(Hit& hit) noexcept;

 private:
  // Each answers whether something of its kind begins at `i` (a keyed secret:
  // whether its key does), and where.
  bool pem(std::size_t i, Hit& hit) const noexcept;         // -----BEGIN ... END-----
  bool keyed(std::size_t i, Hit& hit) noexcept;             // password=...
  bool scheme(std::size_t i, Hit& hit) const noexcept;      // Bearer ...
  bool token(std::size_t i, Hit& hit) const noexcept;       // ghp_...
  bool userinfo(std::size_t i, Hit& hit) noexcept;          // ://user:password@
  bool password_at_host(std::size_t i, Hit& hit) noexcept;  // user:password@host
  bool random_run(std::size_t i, Hit& hit) noexcept;        // base64
  bool hex_run(std::size_t i, Hit& hit) noexcept;
  bool email(std::size_t i, Hit& hit) noexcept;
  bool home(std::size_t i, std::size_t from, Hit& hit) const noexcept;

  std::size_t value_begin(std::size_t i) const noexcept;
  std::size_t closing_quote(std::size_t i, char quote, std::size_t escapes) const noexcept;
  std::size_t value_end(std::size_t i, bool header) const noexcept;
  std::size_t separator(std::size_t i) const noexcept;
  std::size_t domain_end(std::size_t i) const noexcept;
  std::size_t user_end(std::size_t i, bool backslash) const noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  // Ends of the runs that were read.
  std::size_t key_end_ = 0, random_end_ = 0, hex_end_ = 0, local_end_ = 0, colon_end_ = 0;
  std::size_t no_at_sign_before_ = 0;
};

}  // namespace candor::redact
