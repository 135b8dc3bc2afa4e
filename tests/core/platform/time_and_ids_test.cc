#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <string>

#include "platform/clock.h"
#include "platform/fork.h"
#include "platform/random.h"

namespace candor {
namespace {

std::string timestamp(std::int64_t ms) {
  std::array<char, kTimestampBytes> text{};
  format_timestamp(ms, text);
  return {text.data(), text.size()};
}

TEST(Timestamp, IsRfc3339InUtc) {
  EXPECT_EQ(timestamp(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(timestamp(1767323045678), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(timestamp(951782400000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(timestamp(kUnixMsMax), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(timestamp(kUnixMsMax + 1), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(timestamp(-1), "1970-01-01T00:00:00.000Z");
}

TEST(Timestamp, AgreesWithTheSystemOnEveryDayForAges) {
  for (std::int64_t day = 0; day < 200 * 366; ++day) {
    const std::time_t t = day * 86'400;
    char expected[32];
    std::tm parts{};
    ::gmtime_r(&t, &parts);
    std::strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    ASSERT_EQ(timestamp(day * 86'400'000), expected);
  }
}

TEST(Uuid, Version7HoldsTheTimeAndVersion4DoesNot) {
  const UuidText seven = uuid7(0x0123456789ab);
  const std::string text(seven.data(), seven.size());
  EXPECT_TRUE(is_uuid(text));
  EXPECT_EQ(text.substr(0, 15), "01234567-89ab-7");
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  const UuidText four = uuid4();
  EXPECT_EQ(four[14], '4');
}

TEST(Uuid, TellsWhatIsNone) {
  EXPECT_TRUE(is_uuid("01234567-89ab-7cde-8f01-23456789abcd"));
  EXPECT_FALSE(is_uuid("01234567-89AB-7cde-8f01-23456789abcd"));
  EXPECT_FALSE(is_uuid("01234567-89ab-7cde-8f01-23456789abc"));
  EXPECT_FALSE(is_uuid("0123456789ab-7cde-8f01-23456789abcd0"));
}

TEST(Uuid, NeverTwice) {
  std::set<UuidText> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(uuid7(1));
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(ForkSentinel, TellsTheChildAndOnlyTheChild) {
  ForkSentinel sentinel;
  EXPECT_FALSE(sentinel.forked());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool told = sentinel.forked();
    const bool first = sentinel.claim();
    const bool second = sentinel.claim();
    sentinel.rearm();
    ::_exit(told && first && !second && !sentinel.forked() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(sentinel.forked());
}

}  // namespace
}  // namespace candor
