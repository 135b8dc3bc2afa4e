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

TEST(Url, ShowsNoPasswordOfAMalformedAddress) {
  EXPECT_EQ(masked_url("http:///ada:pw@x.example/a"), "http:///***@x.example/a");
  EXPECT_EQ(masked_url("http:/ada:pw@x.example"), "http:/***@x.example");
  EXPECT_EQ(masked_url("HTTPS:////ada:pw@x.example"), "HTTPS:////***@x.example");
  EXPECT_EQ(masked_url("https:ada:pw@x.example"), "https:***@x.example");
  EXPECT_EQ(masked_url("https://ada:p/w@x.example"), "https://***@x.example");
  // Which part is a password and which a query is not known.
  EXPECT_EQ(masked_url("https://ada:p?w@x.example"), "https://***");
  EXPECT_EQ(masked_url("https://ada:p#w@x.example"), "https://***");
  EXPECT_EQ(masked_url("pw:/x@x.example"), "***@x.example");
}

TEST(Url, AnAddressHasTwoSlashesAndAHost) {
  for (const char* url : {"https://x.example", "HTTP://ada:p@w@[::1]:8/a/?b#c", "https://x"}) {
    EXPECT_TRUE(is_web_address(url)) << url;
  }
  for (const char* url : {"", "x.example", "x.example:80", "//x.example", "https:", "https://",
                          "https:/x", "https:///x", "https:x", " https://x", "ftp://x",
                          "https://ada@", "https://?a", "https://ada:p/w@x", "https://x/?a@b"}) {
    EXPECT_FALSE(is_web_address(url)) << url;
  }
}

TEST(Url, PlainHttpIsReadableOnItsWayUnlessToThisMachine) {
  for (const char* url :
       {"http://x.example", "HTTP://10.0.0.1:80/a", "http://ada:pw@x", "http://[::2]:8",
        "http://127.0.0.1.example", "http://localhost@x.example", "http://0.0.0.0"}) {
    EXPECT_TRUE(is_readable_on_its_way(url)) << url;
  }
  for (const char* url : {"http:/192.0.2.1", "http:///192.0.2.1", "http:192.0.2.1"}) {
    EXPECT_TRUE(is_readable_on_its_way(url)) << url;
  }
  for (const char* url : {"https://x.example", "http://localhost:8010", "http://LOCALHOST",
                          "http://127.9.9.9/a", "http://[::1]:8", "http://ada:pw@127.0.0.1", ""}) {
    EXPECT_FALSE(is_readable_on_its_way(url)) << url;
  }
}

}  // namespace
}  // namespace candor
