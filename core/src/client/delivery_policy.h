// When events leave, by the way of delivery that the host chose. Pure: times and counts are
// arguments, and nothing is started or read.
#pragma once

#include <cstdint>

#include "candor/options.h"

namespace candor::client {

class DeliveryPolicy {
 public:
  // flush_at of 0 counts as 1.
  DeliveryPolicy(Delivery delivery, std::uint32_t flush_at, std::uint32_t interval_ms) noexcept;

  enum class Step : std::uint8_t {
    nothing,
    begin,  // start the thread that waits for the first upload
    wake,   // the same unless it was started; then upload if that is allowed already
  };
  // What the n-th accepted event of this process asks for, the first being 1.
  [[nodiscard]] Step accepted(std::uint32_t n) const noexcept;

  // Whether an uploader is to be started in this process, with its first upload, when the first
  // event was accepted at `begun_ms` and `n` were until now.
  [[nodiscard]] bool is_due(std::int64_t begun_ms, std::int64_t now_ms,
                            std::uint32_t n) const noexcept;
  // For how long is_due stays as it is, unless more events are accepted.
  [[nodiscard]] std::int64_t wait_ms(std::int64_t begun_ms, std::int64_t now_ms) const noexcept;

  // Whether an uploader in this process, however it came to be, uploads without being asked to.
  [[nodiscard]] bool by_interval() const noexcept;
  // Whether a process is left behind at the end of a client that accepted `n` events; when
  // something waits, and may be sent.
  [[nodiscard]] bool detaches(std::uint32_t n) const noexcept;

 private:
  Delivery delivery_;
  std::uint32_t flush_at_;
  std::int64_t interval_ms_;
};

}  // namespace candor::client
