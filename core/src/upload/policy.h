// When to send, how much, and what to do about an answer. Pure: time and
// randomness are arguments, and nothing is read or written.
//
//   policy.begin(now, asked)             may anything be sent yet?
//   policy.events_max(), bytes_max()     how much the next request may hold
//   policy.answered(..), unanswered(..)  what became of it, and what to do next
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sink/sink.h"

namespace candor::upload {

// Back-off: the n-th failure in a row waits a random time of 0..min(first * 2^(n-1), max).
inline constexpr std::int64_t kBackoffFirstMs = 1'000;
inline constexpr std::int64_t kBackoffMaxMs = 3'600'000;
// A server that asks for a longer silence than this gets this much.
inline constexpr std::int64_t kRetryAfterMaxMs = 86'400'000;
// How long nothing is tried after an answer that only a person can mend, plus
// as much again as the jitter.
inline constexpr std::int64_t kPauseMs = 6 * 3'600'000;
inline constexpr std::int64_t kPauseJitterMs = 3'600'000;
// How long a 413 keeps batches small before twice the size is tried again.
inline constexpr std::int64_t kSplitMemoryMs = 86'400'000;
// Batches that time out are halved, but not below this.
inline constexpr std::size_t kSlowBytesMin = 64 * 1024;
// When so many events in a row were refused alone and none was taken, the events
// are not at fault: keep the rest, and pause.
inline constexpr std::uint32_t kRefusalsMax = 32;

// What outlives a flush, and the process: upload-state.json.
struct State {
  std::int64_t not_before_ms = 0;  // the server's word, unix time; binds every flush
  std::int64_t backoff_ms = 0;     // our own, unix time; one that a user asks for may pass it
  std::uint32_t failures = 0;      // requests in a row that failed
  std::uint32_t refusals = 0;      // events in a row that were refused alone
  std::size_t split_bytes = 0;     // what a 413 left of a batch; 0: no limit
  std::int64_t split_ms = 0;       // when it was set
  std::size_t slow_bytes = 0;      // what a timeout left of a batch; 0: no limit
  bool paused = false;             // only a person can mend it
  std::string problem;             // what went wrong last, for people; empty when nothing
  bool operator==(const State&) const = default;
};

struct Limits {
  std::uint32_t retries_max = 3;  // of one request in one flush
  std::size_t batch_events_max = 2000;
  std::size_t batch_bytes_max = 4u << 20;
};

// A request that was sent.
struct Sent {
  std::size_t events = 0;
  std::size_t bytes = 0;   // of the records
  bool timed_out = false;  // unanswered: it took longer than a request may
};

struct Next {
  enum class Step : std::uint8_t {
    go_on,    // the events' verdicts stand; go on with the next batch
    resend,   // the same request again, after `wait_ms` (of a settled batch, what is marked retry)
    smaller,  // nothing is settled; send fewer, at once
    set_aside,  // nothing is settled but that the one event sent is given up
    stop,       // this flush is over; what is unsettled stays
  };
  Step step = Step::go_on;
  std::int64_t wait_ms = 0;
};

class Policy {
 public:
  Policy(const Limits& limits, State state);

  // Starts a flush: how many ms it must wait before its first request, 0 for none.
  // `asked`: by a user who waits for it, as against in the background.
  [[nodiscard]] std::int64_t begin(std::int64_t unix_ms, bool asked);

  // The next request takes at most so many of the oldest events.
  [[nodiscard]] std::size_t events_max() const noexcept;
  [[nodiscard]] std::size_t bytes_max() const noexcept;

  [[nodiscard]] Next answered(const sink::Answer& answer, const Sent& sent,
                              std::optional<std::int64_t> retry_after_ms, std::int64_t unix_ms,
                              std::uint64_t random);
  // No answer came. `problem` says why, for people.
  [[nodiscard]] Next unanswered(const Sent& sent, std::string_view problem, std::int64_t unix_ms,
                                std::uint64_t random);

  [[nodiscard]] const State& state() const noexcept { return state_; }

 private:
  Next failed(std::string_view problem, std::optional<std::int64_t> retry_after_ms,
              std::int64_t unix_ms, std::uint64_t random);
  Next pause(std::string_view problem, std::optional<std::int64_t> retry_after_ms,
             std::int64_t unix_ms, std::uint64_t random);
  Next settled(const sink::Answer& answer, const Sent& sent,
               std::optional<std::int64_t> retry_after_ms, std::int64_t unix_ms,
               std::uint64_t random);
  Next too_large(const Sent& sent, std::int64_t unix_ms);
  Next bad_batch(const sink::Answer& answer, const Sent& sent, std::int64_t unix_ms,
                 std::uint64_t random);

  const Limits limits_;
  State state_;
  std::uint32_t retries_left_ = 0;  // of the request under way
  std::uint32_t retries_ = 0;       // of it, so far
  std::uint32_t retries_allowed_ = 0;
  std::size_t suspects_ = 0;      // the oldest so many events hold one that is refused
  bool splitting_ = false;        // a 413 came and no smaller batch was taken yet
  std::size_t split_before_ = 0;  // split_bytes before it came
};

// The Retry-After header: seconds or an HTTP date (RFC 9110 section 10.2.3), as a wait in
// 0..kRetryAfterMaxMs; nothing when it is neither.
[[nodiscard]] std::optional<std::int64_t> parse_retry_after(std::string_view text,
                                                            std::int64_t unix_ms) noexcept;

}  // namespace candor::upload
