#include "client/delivery_policy.h"

#include <algorithm>

namespace candor::client {

DeliveryPolicy::DeliveryPolicy(Delivery delivery, std::uint32_t flush_at,
                               std::uint32_t interval_ms) noexcept
    : delivery_(delivery), flush_at_(std::max(flush_at, 1u)), interval_ms_(interval_ms) {}

DeliveryPolicy::Step DeliveryPolicy::accepted(std::uint32_t n) const noexcept {
  if (!by_interval()) return Step::nothing;
  if (n % flush_at_ == 0) return Step::wake;
  return n == 1 ? Step::begin : Step::nothing;
}

bool DeliveryPolicy::is_due(std::int64_t begun_ms, std::int64_t now_ms,
                            std::uint32_t n) const noexcept {
  if (!by_interval()) return false;
  // A process that may end soon is not made to load network code, however much it emits.
  if (delivery_ == Delivery::background && n >= flush_at_) return true;
  return now_ms - begun_ms >= interval_ms_;
}

std::int64_t DeliveryPolicy::wait_ms(std::int64_t begun_ms, std::int64_t now_ms) const noexcept {
  return std::clamp<std::int64_t>(begun_ms + interval_ms_ - now_ms, 1, interval_ms_ + 1);
}

bool DeliveryPolicy::by_interval() const noexcept {
  return delivery_ == Delivery::automatic || delivery_ == Delivery::background;
}

bool DeliveryPolicy::detaches(std::uint32_t n) const noexcept {
  return n > 0 && (delivery_ == Delivery::automatic || delivery_ == Delivery::detached);
}

}  // namespace candor::client
