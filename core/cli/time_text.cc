#include "time_text.h"

#include <charconv>
#include <chrono>
#include <system_error>

namespace candor::cli {
namespace {

// Takes the parts of a text off its front; once one is not there, `good` stays false.
struct Scanner {
  std::string_view rest;
  bool good = true;

  int number(std::size_t width) {
    int n = 0;
    good = good && rest.size() >= width;
    for (std::size_t i = 0; good && i < width; ++i) {
      good = rest[i] >= '0' && rest[i] <= '9';
      n = n * 10 + (rest[i] - '0');
    }
    if (!good) return 0;
    rest.remove_prefix(width);
    return n;
  }

  char one_of(std::string_view any) {
    good = good && !rest.empty() && any.find(rest.front()) != std::string_view::npos;
    if (!good) return '\0';
    const char found = rest.front();
    rest.remove_prefix(1);
    return found;
  }

  // The digits after a decimal point, if there is one, as thousandths.
  int thousandths() {
    if (!good || !rest.starts_with('.')) return 0;
    rest.remove_prefix(1);
    good = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
    int n = 0;
    for (int scale = 100; !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
         scale /= 10) {
      n += scale * (rest.front() - '0');
      rest.remove_prefix(1);
    }
    return n;
  }
};

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  std::int64_t ms = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, ms);
  if (error == std::errc{} && stop == end) return ms;

  Scanner scan{text};
  const year y{scan.number(4)};
  scan.one_of("-");
  const month m{static_cast<unsigned>(scan.number(2))};
  scan.one_of("-");
  const day d{static_cast<unsigned>(scan.number(2))};
  scan.one_of("Tt ");
  const hours hour{scan.number(2)};
  scan.one_of(":");
  const minutes minute{scan.number(2)};
  scan.one_of(":");
  const seconds second{scan.number(2)};
  const milliseconds fraction{scan.thousandths()};
  const char zone = scan.one_of("Zz+-");
  minutes east{0};
  if (zone == '+' || zone == '-') {
    const hours zone_hours{scan.number(2)};
    scan.one_of(":");
    const minutes zone_minutes{scan.number(2)};
    scan.good = scan.good && zone_hours < 24h && zone_minutes < 60min;
    east = (zone == '-' ? -1 : 1) * (zone_hours + zone_minutes);
  }
  const year_month_day date{y, m, d};
  // Second 60 is a leap second, which falls together with the next minute's first.
  if (!scan.good || !scan.rest.empty() || !date.ok() || hour >= 24h || minute >= 60min ||
      second > 60s) {
    return {};
  }
  const auto time = sys_days{date} + hour + minute + second + fraction - east;
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace candor::cli
