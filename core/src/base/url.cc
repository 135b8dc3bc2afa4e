#include "base/url.h"

#include <algorithm>

namespace candor {
namespace {

bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

constexpr std::string_view kHttp = "http:", kHttps = "https:";

struct Parts {
  std::string_view scheme;     // "https:", empty when there is none
  std::string_view slashes;    // "//"; of a malformed address any number
  std::string_view userinfo;   // "user:password@"
  std::string_view host;       // with its port
  std::string_view path;       // "/a/b"
  std::string_view remainder;  // "?query#fragment"
};

Parts parts_of(std::string_view url) noexcept {
  Parts parts;
  const auto take = [&url](std::size_t bytes) {
    const std::string_view taken = url.substr(0, bytes);
    url.remove_prefix(taken.size());
    return taken;
  };
  for (const std::string_view scheme : {kHttp, kHttps}) {
    if (equals_lower(url.substr(0, scheme.size()), scheme)) {
      parts.scheme = take(scheme.size());
      break;
    }
  }
  parts.slashes = take(std::min(url.find_first_not_of('/'), url.size()));
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.userinfo = take(at + 1);
  }
  parts.host = take(url.find_first_of("/?#"));
  parts.path = take(url.find_first_of("?#"));
  parts.remainder = url;
  return parts;
}

// Four numbers, the first of them 127.
bool is_127(std::string_view host) noexcept {
  if (!host.starts_with("127.")) return false;
  std::size_t dots = 0, digits = 0;
  for (const char c : host) {
    if (c == '.') {
      if (digits == 0) return false;
      ++dots;
      digits = 0;
    } else if (c < '0' || c > '9' || ++digits > 3) {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

}  // namespace

std::string masked_url(std::string_view url) {
  const Parts parts = parts_of(url);
  std::string masked;
  masked.append(parts.scheme).append(parts.slashes);
  // With @ in the query or the fragment, these may as well be parts of a password.
  if (parts.remainder.find('@') != std::string_view::npos) return masked.append("***");
  std::string host_and_path;
  host_and_path.append(parts.host).append(parts.path);
  const std::size_t at = host_and_path.rfind('@');
  if (at != std::string::npos) host_and_path.erase(0, at + 1);
  if (at != std::string::npos || !parts.userinfo.empty()) masked += "***@";
  masked += host_and_path;
  if (!parts.remainder.empty()) masked.append(parts.remainder.substr(0, 1)).append("***");
  return masked;
}

bool is_web_address(std::string_view url) noexcept {
  const Parts parts = parts_of(url);
  const auto has_at = [](std::string_view part) { return part.find('@') != part.npos; };
  return !parts.scheme.empty() && parts.slashes == "//" && !parts.host.empty() &&
         !has_at(parts.path) && !has_at(parts.remainder);
}

bool is_loopback(std::string_view host) noexcept {
  return equals_lower(host, "localhost") || host == "[::1]" || is_127(host);
}

bool is_readable_on_its_way(std::string_view url) noexcept {
  const Parts parts = parts_of(url);
  if (!equals_lower(parts.scheme, kHttp)) return false;
  std::string_view host = parts.host;
  if (const std::size_t colon = host.rfind(':');
      colon != std::string_view::npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  return !is_loopback(host);
}

}  // namespace candor
