#include "client/delivery_policy.h"

#include <gtest/gtest.h>

namespace candor::client {
namespace {

using Step = DeliveryPolicy::Step;
constexpr std::int64_t kBegun = 1'000'000;

TEST(DeliveryPolicy, ManualAndDetachedStartNothingInThisProcess) {
  for (const Delivery delivery : {Delivery::manual, Delivery::detached}) {
    const DeliveryPolicy policy(delivery, 1, 10);
    for (const std::uint32_t n : {1u, 2u, 1000u}) EXPECT_EQ(policy.accepted(n), Step::nothing);
    EXPECT_FALSE(policy.is_due(kBegun, kBegun + 1'000'000, 1000));
    // Nor does an uploader that a flush has started go on by itself.
    EXPECT_FALSE(policy.by_interval());
  }
}

TEST(DeliveryPolicy, BackgroundWaitsForTheIntervalOrFlushAt) {
  const DeliveryPolicy policy(Delivery::background, 3, 1000);
  EXPECT_TRUE(policy.by_interval());
  EXPECT_EQ(policy.accepted(1), Step::begin);
  EXPECT_EQ(policy.accepted(2), Step::nothing);
  EXPECT_EQ(policy.accepted(3), Step::wake);
  EXPECT_EQ(policy.accepted(4), Step::nothing);
  EXPECT_EQ(policy.accepted(6), Step::wake);
  EXPECT_FALSE(policy.is_due(kBegun, kBegun, 1));
  EXPECT_FALSE(policy.is_due(kBegun, kBegun + 999, 2));
  EXPECT_TRUE(policy.is_due(kBegun, kBegun + 1000, 1));
  EXPECT_TRUE(policy.is_due(kBegun, kBegun, 3));
  EXPECT_EQ(policy.wait_ms(kBegun, kBegun + 400), 600);
  EXPECT_EQ(policy.wait_ms(kBegun, kBegun + 2000), 1);
}

TEST(DeliveryPolicy, AutomaticStartsWhenTheProcessOutlivesTheInterval) {
  const DeliveryPolicy policy(Delivery::automatic, 3, 1000);
  EXPECT_TRUE(policy.by_interval());
  EXPECT_EQ(policy.accepted(1), Step::begin);
  EXPECT_EQ(policy.accepted(3), Step::wake);
  EXPECT_FALSE(policy.is_due(kBegun, kBegun + 999, 1000));
  EXPECT_TRUE(policy.is_due(kBegun, kBegun + 1000, 1));
}

TEST(DeliveryPolicy, AFlushAtOfNoneOrOneUploadsEveryEvent) {
  for (const std::uint32_t flush_at : {0u, 1u}) {
    const DeliveryPolicy policy(Delivery::background, flush_at, 1000);
    EXPECT_EQ(policy.accepted(1), Step::wake);
    EXPECT_EQ(policy.accepted(2), Step::wake);
    EXPECT_TRUE(policy.is_due(kBegun, kBegun, 1));
  }
}

TEST(DeliveryPolicy, OnlyAutomaticAndDetachedLeaveAProcessBehind) {
  for (const auto& [delivery, detaches] :
       {std::pair(Delivery::automatic, true), std::pair(Delivery::detached, true),
        std::pair(Delivery::background, false), std::pair(Delivery::manual, false)}) {
    const DeliveryPolicy policy(delivery, 1, 1000);
    EXPECT_EQ(policy.detaches(1), detaches);
    EXPECT_FALSE(policy.detaches(0));
  }
}

}  // namespace
}  // namespace candor::client
