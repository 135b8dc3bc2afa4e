// The detectors of personal data: e-mail addresses and home directories.
#include <algorithm>

#include "redact/chars.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

constexpr std::size_t kNoMatch = std::string_view::npos;
constexpr std::size_t kLocalPartMax = 128;

bool is_local_part(char c) noexcept {
  return is_alnum(c) || is_foreign(c) || is_one_of(c, "._%+-");
}

bool is_label(char c) noexcept { return is_alnum(c) || is_foreign(c) || c == '-'; }

bool is_user(char c) noexcept {
  return !is_space(c) && !is_quote(c) && !is_one_of(c, "/\\:;,|<>*?()[]{}=&");
}

}  // namespace

// The end of a domain name that begins at `i`: labels with a dot between them, the last
// one of letters. kNoMatch when there is none.
std::size_t Scanner::domain_end(std::size_t i) const noexcept {
  std::size_t label = i, end = run_end(text_, i, is_label);
  std::size_t dots = 0;
  while (end > label && end + 1 < text_.size() && text_[end] == '.' && is_label(text_[end + 1])) {
    label = end + 1;
    end = run_end(text_, label, is_label);
    ++dots;
  }
  const char first = label < text_.size() ? text_[label] : ' ';
  const bool top_level = end - label >= 2 && (is_alpha(first) || is_foreign(first));
  return dots > 0 && top_level ? end : kNoMatch;
}

bool Scanner::email(std::size_t i, Hit& hit) noexcept {
  if (!is_local_part(text_[i])) return false;
  const bool read_before = i < local_end_;
  if (read_before && i != at_) return false;  // inside a run, and not just behind a hit
  if (!read_before) local_end_ = run_end(text_, i, is_local_part);

  std::size_t domain = kNoMatch;
  if (local_end_ < text_.size() && text_[local_end_] == '@') {
    domain = local_end_ + 1;
  } else {
    const std::string_view local = text_.substr(i, std::min(local_end_ - i, kLocalPartMax));
    const std::size_t coded = local.find("%40", 1);  // as a URL writes it
    if (coded != kNoMatch) domain = i + coded + 3;
  }
  if (domain == kNoMatch) return false;
  const std::size_t end = domain_end(domain);
  if (end == kNoMatch) return false;
  hit = {i, end, kEmail};
  return true;
}

// Bytes of the path separator at `i`: slashes, backslashes (doubled where the path was
// escaped) or one of them as a URL writes it. 0 when there is none.
std::size_t Scanner::separator(std::size_t i) const noexcept {
  constexpr std::size_t kRunMax = 8;
  if (has_at(text_, i, "%2f") || has_at(text_, i, "%5c")) return 3;
  std::size_t n = 0;
  while (n < kRunMax && i + n < text_.size() && is_one_of(text_[i + n], "/\\")) ++n;
  return n;
}

// The end of a user's name at `i`. A name on Windows may hold spaces; it is
// taken whole when a backslash follows its last word.
std::size_t Scanner::user_end(std::size_t i, bool backslash) const noexcept {
  constexpr std::size_t kSpacesMax = 3;
  const auto end_of_word = [this](std::size_t from) {
    std::size_t end = from;
    while (end < text_.size() && is_user(text_[end]) && (end == from || separator(end) == 0)) ++end;
    return end;
  };
  const std::size_t first = end_of_word(i);
  std::size_t end = first;
  for (std::size_t spaces = 0; backslash && spaces < kSpacesMax; ++spaces) {
    if (end + 1 >= text_.size() || text_[end] != ' ' || !is_user(text_[end + 1])) break;
    end = end_of_word(end + 1);
    if (end < text_.size() && text_[end] == '\\') return end;
  }
  end = first;
  while (end > i && text_[end - 1] == '.') --end;  // the end of a sentence, or no name at all
  return end;
}

bool Scanner::home(std::size_t i, std::size_t from, Hit& hit) const noexcept {
  const std::size_t before = separator(i);
  // Of several slashes the last one begins the path: file:///home/ada
  if (before == 0 || (text_[i] == '/' && before > 1)) return false;
  const std::size_t parent = i + before;
  std::size_t parent_bytes = 0;
  for (const std::string_view name : {"home", "users", "documents and settings"}) {
    if (has_at(text_, parent, name)) parent_bytes = name.size();
  }
  const std::size_t after = separator(parent + parent_bytes);
  if (parent_bytes == 0 || after == 0) return false;

  const bool backslash = text_[i] == '\\';
  const bool has_drive = i >= from + 2 && text_[i - 1] == ':' && is_alpha(text_[i - 2]) &&
                         (i == 2 || !is_alnum(text_[i - 3]));
  // /users/ in lower case inside a longer path is a web address's, not a file's.
  const bool in_path = i > 0 && (is_alnum(text_[i - 1]) || is_one_of(text_[i - 1], "._-~"));
  if (text_[parent] == 'u' && text_[i] == '/' && in_path && !has_drive) return false;

  const std::size_t user = parent + parent_bytes + after;
  const std::size_t end = user_end(user, backslash);
  if (end == user) return false;
  hit = {has_drive ? i - 2 : i, end, kHome};
  return true;
}

}  // namespace candor::redact
