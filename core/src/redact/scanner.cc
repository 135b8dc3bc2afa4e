#include "redact/scanner.h"

#include <utility>

namespace candor::redact {
namespace {

enum class Role : std::uint8_t {
  plain,   // ends a run
  word,    // letters and digits
  joiner,  // may stand inside a random run, and announces nothing
  sign,    // may begin or announce something
};

constexpr std::array<Role, 256> kRoles = [] {
  std::array<Role, 256> roles{};
  for (std::size_t c = 0; c < 128; ++c) {
    if (is_alnum(static_cast<char>(c))) roles[c] = Role::word;
  }
  roles['_'] = roles['+'] = Role::joiner;
  for (const char c : {'=', ':', '>', '@', '%', '/', '\\', '-', '$'}) {
    roles[static_cast<unsigned char>(c)] = Role::sign;
  }
  return roles;
}();

constexpr std::size_t kRunMin = 32;

}  // namespace

// What the letters and digits [i, end) begin.
bool Scanner::word(std::size_t i, std::size_t end, Hit& hit) noexcept {
  if (run_ == kNoMatch) run_ = i;
  if (end - i >= kRunMin && hex_run(i, end, hit)) return true;
  if (known_word(i, hit)) return true;
  // The n of an escaped line end is no part of the word behind it.
  const bool escaped = i > from_ && text_[i - 1] == '\\' && is_one_of(text_[i], "nrt");
  return escaped && known_word(i + 1, hit);
}

bool Scanner::sign(std::size_t i, Hit& hit) noexcept {
  switch (text_[i]) {
    case '=': return keyed(i, i + 1, hit);
    case ':': return userinfo(i, hit) || keyed(i, i + 1, hit) || password_at_host(i, hit);
    case '>': return element(i, hit);
    case '@': return email(i, i + 1, hit);
    case '%':
      if (has_at(text_, i, "%3d") || has_at(text_, i, "%3a")) return keyed(i, i + 3, hit);
      if (has_at(text_, i, "%40")) return email(i, i + 3, hit);
      return home(i, hit);
    case '/':
    case '\\': return home(i, hit);
    case '-': return pem(i, hit) || flag(i, hit);
    case '$': return password_hash(i, hit);
    default: return false;
  }
}

bool Scanner::next(Hit& hit) noexcept {
  from_ = at_;
  run_ = kNoMatch;
  const auto ended_run = [&](std::size_t end) {
    const std::size_t begin = std::exchange(run_, kNoMatch);
    return begin != kNoMatch && end - begin >= kRunMin && random_run(begin, end, hit);
  };
  bool found = false;
  std::size_t i = from_;
  while (i < text_.size() && !found) {
    const char c = text_[i];
    switch (kRoles[static_cast<unsigned char>(c)]) {
      case Role::word: {
        const std::size_t end = run_end(text_, i, is_alnum);
        found = word(i, end, hit);
        i = end;
        break;
      }
      case Role::joiner: ++i; break;
      case Role::plain:
        found = ended_run(i);
        ++i;
        break;
      case Role::sign:
        found = (c != '-' && c != '/' && ended_run(i)) || sign(i, hit);
        // Two digits in hex are no letters of the word behind them.
        i += c == '%' && i + 2 < text_.size() && is_hex(text_[i + 1]) && is_hex(text_[i + 2]) ? 3u
                                                                                              : 1u;
        break;
    }
  }
  if (!found) found = ended_run(text_.size());
  at_ = found ? hit.end : text_.size();
  return found;
}

}  // namespace candor::redact
