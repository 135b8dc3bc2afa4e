#include "upload/policy.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace candor::upload {
namespace {

// Uniform in 0..window.
std::int64_t jitter(std::int64_t window, std::uint64_t random) noexcept {
  return static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(window) + 1));
}

std::int64_t backoff_window(std::uint32_t failures) noexcept {
  constexpr std::uint32_t kDoublingsMax = 30;
  const std::uint32_t doublings = std::min(std::max(failures, 1u) - 1, kDoublingsMax);
  return std::min(kBackoffFirstMs << doublings, kBackoffMaxMs);
}

// A stored time further ahead than we would ever have stored was written under another
// clock: it says nothing.
std::int64_t wait_until(std::int64_t time_ms, std::int64_t now_ms) noexcept {
  constexpr std::int64_t kWaitMax = kRetryAfterMaxMs + kBackoffMaxMs;
  static_assert(kPauseMs + kPauseJitterMs <= kWaitMax);
  if (time_ms <= now_ms || time_ms - now_ms > kWaitMax) return 0;
  return time_ms - now_ms;
}

// "06 Nov 1994 08:49:37 GMT" as unix time; nothing when it is no date.
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
  // The weekday says nothing that the date doesn't.
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return {};
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = -1;
    const char* end = text.data() + at + digits;
    const auto [parsed, error] = std::from_chars(text.data() + at, end, value);
    return error == std::errc{} && parsed == end ? value : -1;
  };
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return {};
  const int day = number(5, 2), year = number(12, 4);
  const int hour = number(17, 2), minute = number(20, 2), second = number(23, 2);
  if (day < 1 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return {};
  }
  using namespace std::chrono;
  const year_month_day date(std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return {};
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Policy::Policy(const Limits& limits, State state) : limits_(limits), state_(std::move(state)) {}

std::int64_t Policy::begin(std::int64_t unix_ms, bool asked) {
  // In trouble a background flush only asks whether it is over.
  retries_allowed_ = asked || state_.failures == 0 ? limits_.retries_max : 0;
  retries_ = 0;
  retries_left_ = retries_allowed_;
  suspects_ = 0;
  splitting_ = false;

  const bool stale = unix_ms - state_.split_ms > kSplitMemoryMs || state_.split_ms > unix_ms;
  if (state_.split_bytes != 0 && stale) {
    state_.split_bytes =
        state_.split_bytes * 2 < limits_.batch_bytes_max ? state_.split_bytes * 2 : 0;
    state_.split_ms = unix_ms;
  }

  const std::int64_t theirs = wait_until(state_.not_before_ms, unix_ms);
  const std::int64_t ours = wait_until(state_.backoff_ms, unix_ms);
  return asked ? theirs : std::max(theirs, ours);
}

std::size_t Policy::events_max() const noexcept {
  // Half of the suspects, until the one is found.
  if (suspects_ != 0) return std::max<std::size_t>(suspects_ / 2, 1);
  return limits_.batch_events_max;
}

std::size_t Policy::bytes_max() const noexcept {
  std::size_t bytes = limits_.batch_bytes_max;
  if (state_.split_bytes != 0) bytes = std::min(bytes, state_.split_bytes);
  if (state_.slow_bytes != 0) bytes = std::min(bytes, state_.slow_bytes);
  return bytes;
}

Next Policy::answered(const sink::Answer& answer, const Sent& sent,
                      std::optional<std::int64_t> retry_after_ms, std::int64_t unix_ms,
                      std::uint64_t random) {
  switch (answer.kind) {
    case sink::Answer::Kind::settled: return settled(answer, sent, retry_after_ms, unix_ms, random);
    case sink::Answer::Kind::retry:
      return failed(answer.explanation, retry_after_ms, unix_ms, random);
    case sink::Answer::Kind::too_large: return too_large(sent, unix_ms);
    case sink::Answer::Kind::bad_batch: return bad_batch(answer, sent, unix_ms, random);
    case sink::Answer::Kind::paused:
      return pause(answer.explanation, retry_after_ms, unix_ms, random);
  }
  return {.step = Next::Step::stop};
}

Next Policy::unanswered(const Sent& sent, std::string_view problem, std::int64_t unix_ms,
                        std::uint64_t random) {
  const Next next = failed(problem, {}, unix_ms, random);
  // A slow line would never carry a batch that is too large for one request's time.
  if (sent.timed_out && sent.bytes > kSlowBytesMin) {
    state_.slow_bytes = std::max(sent.bytes / 2, kSlowBytesMin);
  }
  return next;
}

Next Policy::failed(std::string_view problem, std::optional<std::int64_t> retry_after_ms,
                    std::int64_t unix_ms, std::uint64_t random) {
  state_.problem = problem;
  state_.failures += state_.failures < UINT32_MAX ? 1 : 0;
  const bool again = retries_left_ > 0;
  // Within a flush the wait grows with its own retries, and from flush to flush with all failures.
  if (again) {
    --retries_left_;
    ++retries_;
  }
  const std::int64_t own = jitter(backoff_window(again ? retries_ : state_.failures), random);
  // On top of the server's minimum, so that those it told the same don't come back together.
  const std::int64_t wait = retry_after_ms.value_or(0) + own;
  if (retry_after_ms) state_.not_before_ms = unix_ms + *retry_after_ms;
  state_.backoff_ms = unix_ms + wait;
  if (!again) return {.step = Next::Step::stop};
  return {.step = Next::Step::resend, .wait_ms = wait};
}

Next Policy::pause(std::string_view problem, std::optional<std::int64_t> retry_after_ms,
                   std::int64_t unix_ms, std::uint64_t random) {
  state_.problem = problem;
  state_.paused = true;
  if (retry_after_ms) state_.not_before_ms = unix_ms + *retry_after_ms;
  state_.backoff_ms = unix_ms + kPauseMs + jitter(kPauseJitterMs, random);
  return {.step = Next::Step::stop};
}

Next Policy::settled(const sink::Answer& answer, const Sent& sent,
                     std::optional<std::int64_t> retry_after_ms, std::int64_t unix_ms,
                     std::uint64_t random) {
  const auto count = [&](sink::Verdict verdict) {
    return static_cast<std::size_t>(
        std::count(answer.events.begin(), answer.events.end(), verdict));
  };
  const std::size_t again = count(sink::Verdict::retry);
  const std::size_t done = sent.events - again;
  suspects_ -= std::min(suspects_, done);
  if (count(sink::Verdict::delivered) > 0) state_.refusals = 0;
  if (again > 0) {
    if (done > 0) state_.failures = 0;
    return failed("the server asks for some events again", retry_after_ms, unix_ms, random);
  }

  splitting_ = false;
  retries_ = 0;
  retries_allowed_ = limits_.retries_max;
  retries_left_ = retries_allowed_;
  state_.not_before_ms = state_.backoff_ms = 0;
  state_.failures = 0;
  state_.paused = false;
  state_.problem = answer.explanation;
  if (state_.slow_bytes != 0) {
    state_.slow_bytes = state_.slow_bytes * 2 < limits_.batch_bytes_max ? state_.slow_bytes * 2 : 0;
  }
  return {.step = Next::Step::go_on};
}

Next Policy::too_large(const Sent& sent, std::int64_t unix_ms) {
  if (sent.events <= 1) {
    // The event was what made its batches too large: don't hold it against the others.
    if (splitting_) state_.split_bytes = split_before_;
    splitting_ = false;
    suspects_ = 0;
    return {.step = Next::Step::set_aside};
  }
  if (!splitting_) split_before_ = state_.split_bytes;
  splitting_ = true;
  state_.split_bytes = std::max<std::size_t>(sent.bytes / 2, 1);
  state_.split_ms = unix_ms;
  return {.step = Next::Step::smaller};
}

Next Policy::bad_batch(const sink::Answer& answer, const Sent& sent, std::int64_t unix_ms,
                       std::uint64_t random) {
  if (sent.events > 1) {
    suspects_ = sent.events;
    return {.step = Next::Step::smaller};
  }
  if (state_.refusals >= kRefusalsMax) {
    state_.refusals = 0;
    return pause("the server refuses every event", {}, unix_ms, random);
  }
  ++state_.refusals;
  suspects_ = 0;
  state_.problem = answer.explanation;
  return {.step = Next::Step::set_aside};
}

std::optional<std::int64_t> parse_retry_after(std::string_view text,
                                              std::int64_t unix_ms) noexcept {
  if (text.empty()) return {};
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec != std::errc{}) return kRetryAfterMaxMs;  // more digits than a number has
    return std::min(seconds, kRetryAfterMaxMs / 1000) * 1000;
  }
  const std::optional<std::int64_t> date = parse_http_date(text);
  if (!date) return {};
  return std::clamp<std::int64_t>(*date - unix_ms, 0, kRetryAfterMaxMs);
}

}  // namespace candor::upload
