#include "platform/clock.h"

#include <algorithm>

namespace candor {
namespace {

template <std::size_t N>
void put_digits(char* to, std::uint32_t value) noexcept {
  for (std::size_t i = N; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void format_timestamp(std::int64_t unix_ms, std::span<char, kTimestampBytes> to) noexcept {
  const std::int64_t ms = std::clamp<std::int64_t>(unix_ms, 0, kUnixMsMax);
  const auto of_day = static_cast<std::uint32_t>(ms % 86'400'000);
  // Days to a civil date by Howard Hinnant's algorithm (days_from_civil, inverse), in
  // the March-based year that makes leap days come last.
  const auto z = static_cast<std::uint32_t>(ms / 86'400'000) + 719'468;
  const std::uint32_t era = z / 146'097;
  const std::uint32_t doe = z - era * 146'097;
  const std::uint32_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::uint32_t mp = (5 * doy + 2) / 153;
  const std::uint32_t day = doy - (153 * mp + 2) / 5 + 1;
  const std::uint32_t month = mp < 10 ? mp + 3 : mp - 9;
  const std::uint32_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);

  char* p = to.data();
  put_digits<4>(p, year);
  p[4] = '-';
  put_digits<2>(p + 5, month);
  p[7] = '-';
  put_digits<2>(p + 8, day);
  p[10] = 'T';
  put_digits<2>(p + 11, of_day / 3'600'000);
  p[13] = ':';
  put_digits<2>(p + 14, of_day / 60'000 % 60);
  p[16] = ':';
  put_digits<2>(p + 17, of_day / 1000 % 60);
  p[19] = '.';
  put_digits<3>(p + 20, of_day % 1000);
  p[23] = 'Z';
}

}  // namespace candor
