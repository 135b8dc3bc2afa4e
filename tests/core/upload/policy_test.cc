// The delivery policy as tables, with injected time and randomness.
#include "upload/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace candor::upload {
namespace {

using Kind = sink::Answer::Kind;
using Step = Next::Step;
using sink::Verdict;

constexpr std::int64_t kNow = 1'800'000'000'000;

sink::Answer answer(Kind kind) { return {.kind = kind, .explanation = "why"}; }
sink::Answer settled(std::vector<Verdict> verdicts) {
  return {.kind = Kind::settled, .events = std::move(verdicts)};
}
sink::Answer delivered(std::size_t n) {
  return settled(std::vector<Verdict>(n, Verdict::delivered));
}

struct Flush {
  explicit Flush(State state = {}, Limits limits = {}) : policy(limits, std::move(state)) {
    wait = policy.begin(kNow, true);
  }
  Next hear(const sink::Answer& what, Sent sent = {.events = 10, .bytes = 1000},
            std::optional<std::int64_t> retry_after = {}, std::uint64_t random = 0) {
    return policy.answered(what, sent, retry_after, kNow, random);
  }
  Policy policy;
  std::int64_t wait = 0;
};

TEST(Policy, EveryKindOfAnswerHasItsStep) {
  struct Row {
    Kind kind;
    std::size_t events;
    Step step;
  };
  for (const Row& row :
       {Row{Kind::retry, 10, Step::resend}, Row{Kind::retry, 1, Step::resend},
        Row{Kind::too_large, 10, Step::smaller}, Row{Kind::too_large, 1, Step::set_aside},
        Row{Kind::bad_batch, 10, Step::smaller}, Row{Kind::bad_batch, 1, Step::set_aside},
        Row{Kind::paused, 10, Step::stop}, Row{Kind::paused, 1, Step::stop}}) {
    Flush flush;
    EXPECT_EQ(flush.hear(answer(row.kind), {.events = row.events, .bytes = 100}).step, row.step);
  }
  EXPECT_EQ(Flush().hear(delivered(10)).step, Step::go_on);
}

TEST(Policy, SendsOnceMoreThanItRetries) {
  for (const std::uint32_t retries : {0u, 1u, 3u}) {
    Flush flush({}, {.retries_max = retries});
    for (std::uint32_t i = 0; i < retries; ++i)
      EXPECT_EQ(flush.hear(answer(Kind::retry)).step, Step::resend);
    EXPECT_EQ(flush.hear(answer(Kind::retry)).step, Step::stop);
    EXPECT_EQ(flush.policy.state().failures, retries + 1);
  }
}

TEST(Policy, ASuccessGivesTheRetriesBack) {
  Flush flush({}, {.retries_max = 1});
  EXPECT_EQ(flush.hear(answer(Kind::retry)).step, Step::resend);
  EXPECT_EQ(flush.hear(delivered(10)).step, Step::go_on);
  EXPECT_EQ(flush.policy.state(), State{});
  EXPECT_EQ(flush.hear(answer(Kind::retry)).step, Step::resend);
  EXPECT_EQ(flush.hear(answer(Kind::retry)).step, Step::stop);
}

TEST(Policy, BackOffDoublesAndIsFullyJittered) {
  std::int64_t window = kBackoffFirstMs;
  for (std::uint32_t retry = 0; retry < 20; ++retry) {
    for (const bool longest : {false, true}) {
      Flush flush({}, {.retries_max = 100});
      for (std::uint32_t i = 0; i < retry; ++i) static_cast<void>(flush.hear(answer(Kind::retry)));
      const std::uint64_t random = longest ? static_cast<std::uint64_t>(window) : 0;
      const Next next = flush.hear(answer(Kind::retry), {.events = 1}, {}, random);
      EXPECT_EQ(next.wait_ms, longest ? window : 0);
      EXPECT_EQ(flush.policy.state().backoff_ms, kNow + next.wait_ms);
    }
    window = std::min(window * 2, kBackoffMaxMs);
  }
  EXPECT_EQ(window, kBackoffMaxMs);
}

TEST(Policy, BackOffGrowsFromFlushToFlush) {
  State state;
  std::int64_t window = kBackoffFirstMs;
  for (int i = 0; i < 40; ++i) {
    Policy policy({.retries_max = 0}, state);
    static_cast<void>(policy.begin(kNow, true));
    const Next next =
        policy.unanswered({.events = 5}, "no", kNow, static_cast<std::uint64_t>(window));
    EXPECT_EQ(next.step, Step::stop);
    EXPECT_EQ(policy.state().backoff_ms, kNow + window);
    state = policy.state();
    window = std::min(window * 2, kBackoffMaxMs);
  }
}

TEST(Policy, InTroubleTheBackgroundSendsOneProbe) {
  State state{.failures = 4};
  Policy background({}, state), asked({}, state);
  static_cast<void>(background.begin(kNow, false));
  static_cast<void>(asked.begin(kNow, true));
  EXPECT_EQ(background.unanswered({.events = 5}, "no", kNow, 0).step, Step::stop);
  EXPECT_EQ(asked.unanswered({.events = 5}, "no", kNow, 0).step, Step::resend);
  // It is over: all retries again.
  static_cast<void>(background.begin(kNow, false));
  EXPECT_EQ(background.answered(delivered(5), {.events = 5}, {}, kNow, 0).step, Step::go_on);
  EXPECT_EQ(background.unanswered({.events = 5}, "no", kNow, 0).step, Step::resend);
}

TEST(Policy, RetryAfterIsAMinimumThatJitterIsAddedTo) {
  for (const std::uint64_t random : {0u, 400u, 1000u}) {
    Flush flush;
    const Next next = flush.hear(answer(Kind::retry), {.events = 1}, 30'000, random);
    EXPECT_EQ(next.wait_ms, 30'000 + static_cast<std::int64_t>(random));
    EXPECT_EQ(flush.policy.state().not_before_ms, kNow + 30'000);
  }
}

TEST(Policy, BeginsWhenItMay) {
  struct Row {
    const char* what;
    State state;
    std::int64_t background, asked;
  };
  const std::int64_t week = 7 * 86'400'000LL;
  for (const Row& row : {
           Row{"fresh", {}, 0, 0},
           Row{"the server's word binds all", {.not_before_ms = kNow + 500}, 500, 500},
           Row{"our own can be passed", {.backoff_ms = kNow + 500}, 500, 0},
           Row{"the later of both", {.not_before_ms = kNow + 2, .backoff_ms = kNow + 500}, 500, 2},
           Row{"the past", {.not_before_ms = kNow - 5, .backoff_ms = kNow - 5}, 0, 0},
           Row{"longest",
               {.not_before_ms = kNow + kRetryAfterMaxMs},
               kRetryAfterMaxMs,
               kRetryAfterMaxMs},
           Row{"a clock that was ahead",
               {.not_before_ms = kNow + week, .backoff_ms = kNow + week},
               0,
               0},
       }) {
    Policy policy({}, row.state);
    EXPECT_EQ(policy.begin(kNow, false), row.background) << row.what;
    EXPECT_EQ(policy.begin(kNow, true), row.asked) << row.what;
  }
}

TEST(Policy, APauseOutlivesTheFlushAndEndsWithASuccess) {
  Flush flush;
  EXPECT_EQ(flush.hear(answer(Kind::paused), {.events = 3}, {}, 77).step, Step::stop);
  const State& state = flush.policy.state();
  EXPECT_TRUE(state.paused);
  EXPECT_EQ(state.problem, "why");
  EXPECT_EQ(state.backoff_ms, kNow + kPauseMs + 77);
  EXPECT_EQ(flush.policy.begin(kNow, false), kPauseMs + 77);
  EXPECT_EQ(flush.policy.begin(kNow, true), 0);
  static_cast<void>(flush.hear(delivered(3), {.events = 3}));
  EXPECT_EQ(state, State{});
}

TEST(Policy, A413HalvesAndIsRemembered) {
  Flush flush;
  EXPECT_EQ(flush.hear(answer(Kind::too_large), {.events = 100, .bytes = 1000}).step,
            Step::smaller);
  EXPECT_EQ(flush.policy.bytes_max(), 500u);
  EXPECT_EQ(flush.hear(answer(Kind::too_large), {.events = 50, .bytes = 500}).step, Step::smaller);
  EXPECT_EQ(flush.policy.bytes_max(), 250u);
  static_cast<void>(flush.hear(delivered(25), {.events = 25, .bytes = 250}));
  EXPECT_EQ(flush.policy.bytes_max(), 250u);

  Policy next({}, flush.policy.state());
  static_cast<void>(next.begin(kNow + kSplitMemoryMs, false));
  EXPECT_EQ(next.bytes_max(), 250u);
  static_cast<void>(next.begin(kNow + kSplitMemoryMs + 1, false));
  EXPECT_EQ(next.bytes_max(), 500u);
  static_cast<void>(next.begin(kNow + kSplitMemoryMs + 2, false));
  EXPECT_EQ(next.bytes_max(), 500u);
}

TEST(Policy, OneHugeEventDoesNotShrinkTheOthersBatches) {
  Flush flush;
  for (const std::size_t n : {8u, 4u, 2u})
    static_cast<void>(flush.hear(answer(Kind::too_large), {.events = n, .bytes = n}));
  EXPECT_EQ(flush.policy.bytes_max(), 1u);
  EXPECT_EQ(flush.hear(answer(Kind::too_large), {.events = 1, .bytes = 1}).step, Step::set_aside);
  EXPECT_EQ(flush.policy.bytes_max(), Limits{}.batch_bytes_max);
}

TEST(Policy, TimeoutsHalveDownToAFloorAndSuccessesDouble) {
  Flush flush({}, {.retries_max = 100});
  const Limits limits;
  std::size_t bytes = limits.batch_bytes_max;
  while (bytes > kSlowBytesMin) {
    static_cast<void>(
        flush.policy.unanswered({.events = 9, .bytes = bytes, .timed_out = true}, "", kNow, 0));
    bytes = std::max(bytes / 2, kSlowBytesMin);
    EXPECT_EQ(flush.policy.bytes_max(), bytes);
  }
  static_cast<void>(
      flush.policy.unanswered({.events = 9, .bytes = bytes, .timed_out = true}, "", kNow, 0));
  EXPECT_EQ(flush.policy.bytes_max(), kSlowBytesMin);
  static_cast<void>(flush.hear(delivered(1), {.events = 1}));
  EXPECT_EQ(flush.policy.bytes_max(), 2 * kSlowBytesMin);
  for (int i = 0; i < 10; ++i) static_cast<void>(flush.hear(delivered(1), {.events = 1}));
  EXPECT_EQ(flush.policy.bytes_max(), limits.batch_bytes_max);
}

// Plays a server that refuses batches with a bad event, and returns the requests it took.
std::size_t bisect(std::size_t count, const std::vector<std::size_t>& bad,
                   std::vector<std::size_t>* set_aside) {
  Flush flush({}, {.batch_events_max = 2000});
  std::size_t done = 0, requests = 0;
  while (done < count) {
    const std::size_t n = std::min(count - done, flush.policy.events_max());
    const bool holds_bad = std::any_of(bad.begin(), bad.end(),
                                       [&](std::size_t b) { return b >= done && b < done + n; });
    ++requests;
    const Next next = flush.hear(holds_bad ? answer(Kind::bad_batch) : delivered(n), {.events = n});
    if (next.step == Step::go_on) done += n;
    if (next.step == Step::set_aside) set_aside->push_back(done++);
    if (next.step == Step::stop || requests > 100'000) break;
  }
  return requests;
}

TEST(Policy, BisectsToThePoisonedEvents) {
  for (const std::vector<std::size_t>& bad : {std::vector<std::size_t>{0},
                                              {999},
                                              {1999},
                                              {7, 8},
                                              {0, 1000, 1999},
                                              {3, 500, 501, 502, 1500}}) {
    std::vector<std::size_t> set_aside;
    const std::size_t requests = bisect(2000, bad, &set_aside);
    EXPECT_EQ(set_aside, bad);
    // Each request halves the suspects; then the one alone, and the rest.
    EXPECT_LE(requests, 1 + 14 * bad.size());
  }
}

TEST(Policy, AServerThatRefusesEverythingDoesNotEmptyTheSpool) {
  std::vector<std::size_t> all(2000), set_aside;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  bisect(2000, all, &set_aside);
  EXPECT_EQ(set_aside.size(), kRefusalsMax);
}

TEST(Policy, ResendsOnlyWhatIsMarked) {
  Flush flush({}, {.retries_max = 1});
  EXPECT_EQ(
      flush.hear(settled({Verdict::delivered, Verdict::retry, Verdict::refused}), {.events = 3})
          .step,
      Step::resend);
  EXPECT_EQ(flush.hear(settled({Verdict::retry}), {.events = 1}).step, Step::stop);
  EXPECT_EQ(Flush().hear(settled({Verdict::refused, Verdict::delivered}), {.events = 2}).step,
            Step::go_on);
}

TEST(RetryAfter, IsSecondsOrADate) {
  constexpr std::int64_t kDate = 784111777'000;  // Sun, 06 Nov 1994 08:49:37 GMT
  struct Row {
    const char* text;
    std::optional<std::int64_t> wait;
  };
  for (const Row& row : {
           Row{"0", 0},
           Row{"1", 1000},
           Row{"86400", kRetryAfterMaxMs},
           Row{"86401", kRetryAfterMaxMs},
           Row{"99999999999999999999999999", kRetryAfterMaxMs},
           Row{"Sun, 06 Nov 1994 08:49:37 GMT", 0},
           Row{"Sun, 06 Nov 1994 08:49:47 GMT", 10'000},
           Row{"Sun, 06 Nov 1994 08:00:00 GMT", 0},
           Row{"Fri, 31 Dec 9999 23:59:59 GMT", kRetryAfterMaxMs},
           Row{"Mon, 07 Nov 1994 08:49:37 GMT", kRetryAfterMaxMs},
           Row{"", {}},
           Row{"-1", {}},
           Row{"1.5", {}},
           Row{"soon", {}},
           Row{" 5", {}},
           Row{"5 ", {}},
           Row{"Sun, 31 Feb 1994 08:49:37 GMT", {}},
           Row{"Sun, 06 Nov 1994 24:00:00 GMT", {}},
           Row{"Sun, 06 nov 1994 08:49:37 GMT", {}},
           Row{"Sun, 06 ovD 1994 08:49:37 GMT", {}},
           Row{"Sun, 06 Nov 1994 08:49:37 CET", {}},
           Row{"Sun, -6 Nov 1994 08:49:37 GMT", {}},
       }) {
    EXPECT_EQ(parse_retry_after(row.text, kDate), row.wait) << row.text;
  }
}

}  // namespace
}  // namespace candor::upload
