#include "base/url.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Url, ShowsNothingSecret) {
  EXPECT_EQ(masked_url("https://x.example"), "https://x.example");
  EXPECT_EQ(masked_url("https://ada:pw@x.example:8/a/"), "https://***@x.example:8/a/");
  EXPECT_EQ(masked_url("https://ada:p@w@x.example"), "https://***@x.example");
  EXPECT_EQ(masked_url("http://token@x/?key=a&b"), "http://***@x/?***");
  EXPECT_EQ(masked_url("https://x/a#b"), "https://x/a#***");
  EXPECT_EQ(masked_url("ada:pw@x.example"), "***@x.example");
  EXPECT_EQ(masked_url(""), "");
}

TEST(Url, PlainHttpIsReadableOnItsWayUnlessToThisMachine) {
  for (const char* url :
       {"http://x.example", "HTTP://10.0.0.1:80/a", "http://ada:pw@x", "http://[::2]:8",
        "http://127.0.0.1.example", "http://localhost@x.example", "http://0.0.0.0"}) {
    EXPECT_TRUE(is_readable_on_its_way(url)) << url;
  }
  for (const char* url : {"https://x.example", "http://localhost:8010", "http://LOCALHOST",
                          "http://127.9.9.9/a", "http://[::1]:8", "http://ada:pw@127.0.0.1", ""}) {
    EXPECT_FALSE(is_readable_on_its_way(url)) << url;
  }
}

}  // namespace
}  // namespace candor
