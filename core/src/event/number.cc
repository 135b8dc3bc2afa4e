// Doubles as ECMAScript writes them: the shortest digits that read back as the
// same double, laid out by the rules of Number::toString.
#include <charconv>
#include <cmath>
#include <cstring>

#include "event/encoder.h"

namespace candor::event {
namespace {

constexpr double kIntegerMax = 9007199254740992.0;  // 2^53: below, each digit is significant
constexpr int kPlainDigitsMax = 21;                 // from 1e21 on, exponents are written
constexpr int kLeadingZerosMax = 6;                 // 0.000001 is plain, 1e-7 is not

// Digits and the place of the decimal point: 0.d1d2d3... * 10^point.
struct Decimal {
  char digits[20];
  int count;
  int point;
};

Decimal shortest(double value) noexcept {
  char text[kNumberBytesMax];  // d.dddde+xx
  const char* end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Decimal decimal{};
  const char* p = text;
  for (; *p != 'e'; ++p) {
    if (*p != '.') decimal.digits[decimal.count++] = *p;
  }
  const bool negative = p[1] == '-';
  int exponent = 0;
  std::from_chars(p + 2, end, exponent);
  decimal.point = (negative ? -exponent : exponent) + 1;
  return decimal;
}

char* put(char* to, const char* from, int count) noexcept {
  std::memcpy(to, from, static_cast<std::size_t>(count));
  return to + count;
}

char* zeros(char* to, int count) noexcept {
  std::memset(to, '0', static_cast<std::size_t>(count));
  return to + count;
}

char* layout(const Decimal& d, char* to) noexcept {
  if (d.count <= d.point && d.point <= kPlainDigitsMax) {
    return zeros(put(to, d.digits, d.count), d.point - d.count);
  }
  if (0 < d.point && d.point <= kPlainDigitsMax) {
    to = put(to, d.digits, d.point);
    *to++ = '.';
    return put(to, d.digits + d.point, d.count - d.point);
  }
  if (-kLeadingZerosMax < d.point && d.point <= 0) {
    to = zeros(put(to, "0.", 2), -d.point);
    return put(to, d.digits, d.count);
  }
  *to++ = d.digits[0];
  if (d.count > 1) {
    *to++ = '.';
    to = put(to, d.digits + 1, d.count - 1);
  }
  *to++ = 'e';
  const int exponent = d.point - 1;
  *to++ = exponent < 0 ? '-' : '+';
  return std::to_chars(to, to + 4, exponent < 0 ? -exponent : exponent).ptr;
}

// Three decimals or fewer, as measured milliseconds mostly have. Of at most 15
// significant digits no two decimals are the same double, so one that reads back
// as `value` is also the shortest. Null when there is none.
char* few_decimals(double value, char* to) noexcept {
  if (value >= 1e12) return nullptr;
  const auto thousandths = static_cast<std::int64_t>(value * 1000 + 0.5);
  if (static_cast<double>(thousandths) / 1000 != value) return nullptr;
  to = std::to_chars(to, to + 20, thousandths / 1000).ptr;
  const auto rest = static_cast<int>(thousandths % 1000);
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                           static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  return put(to, decimals, rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2);
}

}  // namespace

std::size_t write_number(double value, char* to) noexcept {
  char* p = to;
  if (std::fabs(value) < kIntegerMax) {
    const auto integer = static_cast<std::int64_t>(value);
    if (static_cast<double>(integer) == value) {
      return static_cast<std::size_t>(std::to_chars(p, p + 20, integer).ptr - to);
    }
  }
  if (std::signbit(value)) {
    *p++ = '-';
    value = -value;
  }
  char* end = few_decimals(value, p);
  if (end == nullptr) end = layout(shortest(value), p);
  return static_cast<std::size_t>(end - to);
}

}  // namespace candor::event
