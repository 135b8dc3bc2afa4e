#include "base/pattern.h"

#include <array>
#include <cstddef>

#include "base/uuid.h"

namespace candor {
namespace {

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool letter(char c) noexcept { return lower(c) || upper(c); }

template <typename Test>
bool all(std::string_view text, Test test) noexcept {
  for (const char c : text) {
    if (!test(c)) return false;
  }
  return !text.empty();
}

// Cuts the part before the first `at` off the front of `rest`; the whole when there is none.
std::string_view take(std::string_view& rest, char at) noexcept {
  const std::size_t end = rest.find(at);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

bool identifier(std::string_view text) noexcept {
  return !text.empty() && !digit(text[0]) && text[0] != '.' &&
         all(text, [](char c) { return letter(c) || digit(c) || c == '_' || c == '.'; });
}

bool slug(std::string_view text) noexcept {
  if (text.empty() || text.back() == '-') return false;
  while (!text.empty()) {
    if (!all(take(text, '-'), [](char c) { return lower(c) || digit(c); })) return false;
  }
  return true;
}

bool number_without_zeros(std::string_view text) noexcept {
  return all(text, digit) && (text.size() == 1 || text[0] != '0');
}

// Dot-separated identifiers after a semantic version's '-' or '+'.
bool semver_tail(std::string_view text, bool zeros_allowed) noexcept {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const std::string_view part = take(text, '.');
    if (!all(part, [](char c) { return letter(c) || digit(c) || c == '-'; })) return false;
    if (!zeros_allowed && all(part, digit) && !number_without_zeros(part)) return false;
  }
  return true;
}

bool semver(std::string_view text) noexcept {
  if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
    if (!semver_tail(text.substr(plus + 1), true)) return false;
    text = text.substr(0, plus);
  }
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    if (!semver_tail(text.substr(dash + 1), false)) return false;
    text = text.substr(0, dash);
  }
  const std::string_view major = take(text, '.');
  const std::string_view minor = take(text, '.');
  return number_without_zeros(major) && number_without_zeros(minor) && number_without_zeros(text);
}

bool date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const std::string_view year = text.substr(0, 4), month = text.substr(5, 2), day = text.substr(8);
  return all(year, digit) && all(month, digit) && all(day, digit) && month >= "01" &&
         month <= "12" && day >= "01" && day <= "31";
}

bool hex(std::string_view text) noexcept {
  return all(text, [](char c) { return digit(c) || (c >= 'a' && c <= 'f'); });
}

bool locale(std::string_view text) noexcept {
  std::string_view rest = text;
  const std::string_view language = take(rest, '-');
  if (language.size() < 2 || language.size() > 3 || !all(language, lower)) return false;
  if (rest.size() == 4 || (rest.size() > 4 && rest[4] == '-')) {
    const std::string_view script = take(rest, '-');
    if (!upper(script[0]) || !all(script.substr(1), lower)) return false;
  }
  if (text.back() == '-') return false;
  return rest.empty() || (rest.size() == 2 && all(rest, upper)) ||
         (rest.size() == 3 && all(rest, digit));
}

struct Entry {
  bool (*matches)(std::string_view) noexcept;
  std::string_view regex;
};

// In the order of Pattern. Python's $ also matches before a final newline, hence (?!\n).
constexpr std::array<Entry, 8> kPatterns{{
    {nullptr, ""},
    {identifier, R"(^[A-Za-z_][A-Za-z0-9_.]*$(?!\n))"},
    {slug, R"(^[a-z0-9]+(-[a-z0-9]+)*$(?!\n))"},
    // semver.org, version 2.0.0, without a leading v.
    {semver,
     R"(^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*))"
     R"((-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?)"
     R"((\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$(?!\n))"},
    {is_uuid, R"(^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$(?!\n))"},
    {date, R"(^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$(?!\n))"},
    {hex, R"(^[0-9a-f]+$(?!\n))"},
    // A BCP 47 language, then perhaps a script, then perhaps a region: zh-Hant-TW.
    {locale, R"(^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$(?!\n))"},
}};

}  // namespace

bool matches(Pattern pattern, std::string_view text) noexcept {
  return pattern == Pattern::none || kPatterns[static_cast<std::size_t>(pattern)].matches(text);
}

std::string_view regex(Pattern pattern) noexcept {
  return kPatterns[static_cast<std::size_t>(pattern)].regex;
}

}  // namespace candor
