// Numbers as ECMAScript writes them, against the standard library's own shortest digits.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <random>

#include "event/encoder.h"

namespace candor::event {
namespace {

std::string written(double value) {
  char bytes[kNumberBytesMax];
  return std::string(bytes, write_number(value, bytes));
}

// The digits of a number's text without zeros at either end, point and exponent.
std::string digits_of(std::string text) {
  text = text.substr(0, text.find('e'));
  std::erase_if(text, [](char c) { return c == '.' || c == '-'; });
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

void check(double value) {
  const std::string text = written(value);
  ASSERT_LE(text.size(), kNumberBytesMax);
  double read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  ASSERT_TRUE(error == std::errc() && *end == text.data()[text.size()]) << text;
  ASSERT_EQ(read, value) << text;
  char shortest[32];
  const auto last =
      std::to_chars(shortest, shortest + sizeof shortest, value, std::chars_format::scientific).ptr;
  ASSERT_EQ(digits_of(text), digits_of(std::string(shortest, last))) << text;

  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  ASSERT_EQ(text.find('e') == std::string::npos, plain) << text;
}

TEST(Number, RandomBits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) check(value);
  }
}

TEST(Number, EveryPowerOfTwoAndTenAndTheirNeighbours) {
  for (int e = -1074; e <= 1023; ++e) {
    const double power = std::ldexp(1.0, e);
    for (const double value : {power, std::nextafter(power, 0.0), std::nextafter(power, 1e308)})
      check(value);
  }
  for (int e = -323; e <= 308; ++e) {
    const double power = std::strtod(("1e" + std::to_string(e)).c_str(), nullptr);
    for (const double value :
         {power, -power, std::nextafter(power, 0.0), std::nextafter(power, 1e308)})
      check(value);
  }
}

TEST(Number, Decimals) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 300000; ++i) {
    const auto whole = static_cast<double>(random() % 2000000000000000);
    for (const double scale : {10.0, 100.0, 1000.0, 10000.0}) {
      check(whole / scale);
      check(std::nextafter(whole / scale, 0.0));
    }
  }
  EXPECT_EQ(written(25.4), "25.4");
  EXPECT_EQ(written(0.001), "0.001");
  EXPECT_EQ(written(-12.34), "-12.34");
  EXPECT_EQ(written(999999999999.999), "999999999999.999");
}

TEST(Number, Zero) {
  EXPECT_EQ(written(0.0), "0");
  EXPECT_EQ(written(-0.0), "0");
}

}  // namespace
}  // namespace candor::event
