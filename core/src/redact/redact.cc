#include "redact/redact.h"

#include "redact/chars.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

// At most `max_length` code points of valid UTF-8.
void cut(std::string& text, std::size_t max_length) {
  if (text.size() <= max_length) return;
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts && length++ == max_length) return text.resize(i);
  }
}

}  // namespace

// Detectors that claim more of the text come first.
bool Scanner::next(Hit& hit) noexcept {
  const std::size_t from = at_;
  bool found = false;
  for (std::size_t i = from; i < text_.size() && !found; ++i) {
    const char c = text_[i];
    if (is_alnum(c)) {
      const bool word_start = i == 0 || !is_alnum(text_[i - 1]);
      found = keyed(i, hit) || (word_start && (scheme(i, hit) || token(i, hit))) || email(i, hit) ||
              random_run(i, hit) || hex_run(i, hit);
      // The runs that were read all reach to the end of the word at least.
      if (!found) i = hex_end_ - 1;
      continue;
    }
    switch (c) {
      case ' ': break;
      case '/':
      case '\\': found = home(i, from, hit); break;
      case '%': found = home(i, from, hit) || email(i, hit); break;
      case ':': found = userinfo(i, hit) || password_at_host(i, hit); break;
      case '-': found = pem(i, hit) || keyed(i, hit) || email(i, hit); break;
      default: found = keyed(i, hit) || email(i, hit); break;
    }
  }
  at_ = found ? hit.end : text_.size();
  return found;
}

std::string text(std::string_view text, std::size_t max_length) {
  std::string clean;
  std::size_t kept = 0;
  Scanner scanner(text);
  for (Hit hit; scanner.next(hit); kept = hit.end) {
    clean.append(text.substr(kept, hit.begin - kept)).append(hit.by);
  }
  clean.append(text.substr(kept));
  cut(clean, max_length);
  return clean;
}

bool is_clean(std::string_view text) noexcept {
  Hit hit;
  return !Scanner(text).next(hit);
}

}  // namespace candor::redact
