// The detectors of personal data: e-mail addresses and home directories.
#include "redact/scanner.h"

namespace candor::redact {
namespace {

constexpr std::size_t kLocalPartMax = 128;

// What stands behind a dot where no domain does: in the names of files.
constexpr std::string_view kExtensions[] = {
    "tgz",  "gz",   "tar",  "bz2", "xz",  "js",   "mjs",  "cjs",  "jsx",  "ts",   "tsx",
    "json", "yaml", "yml",  "ini", "cfg", "toml", "lock", "html", "htm",  "css",  "scss",
    "png",  "jpg",  "jpeg", "gif", "svg", "webp", "ico",  "txt",  "log",  "whl",  "jar",
    "war",  "exe",  "dll",  "lib", "pdf", "csv",  "xml",  "conf", "orig", "patch"};

// Whose name is everybody's: the user of an SSH address.
constexpr std::string_view kServiceUsers[] = {"git", "hg", "svn"};

constexpr std::string_view kMethods[] = {"get",   "put",    "post",   "head",
                                         "patch", "delete", "options"};
constexpr std::size_t kMethodMax = 8;

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
  if (dots == 0 || !top_level || is_among(text_.substr(label, end - label), kExtensions)) {
    return kNoMatch;
  }
  return end;
}

// An address whose at sign, perhaps as a URL writes it, stands at `at`.
bool Scanner::email(std::size_t at, std::size_t domain, Hit& hit) const noexcept {
  const std::size_t end = domain_end(domain);
  if (end == kNoMatch) return false;
  const std::size_t lowest = std::max(from_, at - std::min(at, kLocalPartMax));
  std::size_t begin = run_begin(text_, at, lowest, is_local_part);
  while (begin < at && (static_cast<unsigned char>(text_[begin]) & 0xc0) == 0x80) ++begin;
  if (begin == at) return false;
  if (is_among(text_.substr(begin, at - begin), kServiceUsers)) return false;
  hit = {begin, end, Kind::email};
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

bool Scanner::home(std::size_t i, Hit& hit) const noexcept {
  // What most slashes are followed by.
  if (i + 1 >= text_.size() || (text_[i] != '%' && !is_one_of(lower(text_[i + 1]), "hud/\\"))) {
    return false;
  }
  const std::size_t before = separator(i);
  // Of several slashes the last one begins the path: file:///home/ada
  if (before == 0 || (text_[i] == '/' && before > 1)) return false;
  const std::size_t parent = i + before;
  std::size_t parent_bytes = 0;
  for (const std::string_view name : {"home", "users", "documents and settings"}) {
    if (has_at(text_, parent, name)) parent_bytes = name.size();
  }
  if (parent_bytes == 0) return false;
  const std::size_t after = separator(parent + parent_bytes);
  if (after == 0) return false;

  const bool backslash = text_[i] == '\\';
  const bool has_drive = i >= from_ + 2 && text_[i - 1] == ':' && is_alpha(text_[i - 2]) &&
                         (i == 2 || !is_alnum(text_[i - 3]));
  const std::size_t user = parent + parent_bytes + after;
  const std::size_t end = user_end(user, backslash);
  if (end == user) return false;
  if (text_[i] == '/' && !has_drive) {
    // A web address's path, not a file's: in a URL, behind a method, /users/ in lower case inside
    // a longer path or with a number.
    if (i < url_end_) return false;
    if (i > from_ && text_[i - 1] == ' ') {
      const std::size_t lowest = std::max(from_, i - std::min(i, kMethodMax));
      const std::size_t method = run_begin(text_, i - 1, lowest, is_alpha);
      if (is_among(text_.substr(method, i - 1 - method), kMethods)) return false;
    }
    const bool in_path = i > 0 && (is_alnum(text_[i - 1]) || is_one_of(text_[i - 1], "._-~"));
    const std::string_view name = text_.substr(user, end - user);
    if (text_[parent] == 'u' && (in_path || std::all_of(name.begin(), name.end(), is_digit))) {
      return false;
    }
  }
  hit = {has_drive ? i - 2 : i, end, Kind::home};
  return true;
}

}  // namespace candor::redact
