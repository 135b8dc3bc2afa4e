#include "upload/uploader.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "candor/outcome.h"
#include "event/record.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/system.h"
#include "spool/spool.h"
#include "upload/policy.h"
#include "upload/refused.h"
#include "upload/state.h"

namespace candor::upload {
namespace {

// How often a run looks whether another process has let go of the spool.
constexpr std::int64_t kBusyPollMs = 20;

// How long to stay away from a spool whose disk takes no settlements: until it does,
// whatever is sent would be sent again.
constexpr std::int64_t kDiskTroubleMs = 600'000;

spool::Counter counter_of(sink::Verdict verdict) noexcept {
  switch (verdict) {
    case sink::Verdict::delivered: return spool::kDelivered;
    case sink::Verdict::retry: return spool::kPending;
    case sink::Verdict::refused: return spool::counter_of(Reason::refused);
    case sink::Verdict::oversize: return spool::counter_of(Reason::oversize);
  }
  return spool::kPending;
}

std::string_view describe(transport::Failure failure) noexcept {
  switch (failure) {
    case transport::Failure::timeout: return "the server did not answer in time";
    case transport::Failure::tls: return "the server could not prove who it is";
    case transport::Failure::forbidden: return "the endpoint may not be used";
    default: return "the server could not be reached";
  }
}

Parts real_parts(const Job& job) {
  Parts parts;
  if (!job.sinks.empty()) parts.sink = sink::make(job.sinks.front());
  parts.transport = transport::make_curl_transport();
  parts.signals = consent::signals(job.consent, process_environment());
  parts.unix_ms = [] { return candor::unix_ms(); };
  parts.random = [] { return random_u64(); };
  return parts;
}

Coding choose_coding(const Job& job, const sink::Sink* sink) {
  const Coding coding = coding_of(job.compression);
  if (sink == nullptr || coding == Coding::none || sink->accepts(name(coding))) return coding;
  return sink->accepts("gzip") ? Coding::gzip : Coding::none;
}

std::string endpoint(const Job& job, std::string_view path) {
  std::string_view host = job.sinks.front().host;
  while (host.ends_with('/')) host.remove_suffix(1);
  return std::string(host) + std::string(path);
}

std::string uuid_text() {
  const UuidText uuid = uuid4();
  return std::string(uuid.data(), uuid.size());
}

}  // namespace

// One run. It holds the oldest records of the spool until they are settled, so that a
// batch that is sent again is the same batch, whatever was written meanwhile. Functions
// that return an End end the run by it.
class Uploader::Run {
 public:
  using End = RunResult::End;

  Run(Uploader& uploader, const RunOptions& options) : up_(uploader), options_(options) {}

  RunResult go() {
    result_.end = upload();
    result_.why = explain();
    if (queue_) queue_->reclaim();
    return result_;
  }

 private:
  End upload();
  std::optional<End> check_consent();
  std::optional<End> open_queue();
  std::optional<End> load();
  std::optional<End> wait(std::int64_t ms);
  [[nodiscard]] bool may_go_on() const {
    return consent::decide(up_.job_.consent, up_.parts_.signals).enabled;
  }
  [[nodiscard]] std::string explain() const;
  void note(spool::Exchange exchange) { queue_->note(exchange); }
  std::optional<End> exchange();
  std::optional<End> hear(const transport::Response& response);
  [[nodiscard]] std::size_t choose() const;
  std::optional<End> act(const Next& next, const sink::Answer& answer);
  std::optional<End> act_on(const Next& next, const sink::Answer& answer);
  std::optional<End> settle_front(std::span<const sink::Verdict> verdicts);
  void remember();
  End back_off(std::int64_t retry_at_ms) {
    result_.retry_at_ms = retry_at_ms;
    return End::backing_off;
  }

  Uploader& up_;
  const RunOptions& options_;
  RunResult result_;
  std::unique_ptr<spool::Queue> queue_;
  std::optional<Policy> policy_;
  State written_;                       // what the state file holds
  std::vector<spool::Record> records_;  // side by side with events_
  std::vector<event::Record> events_;
  std::size_t sending_ = 0;  // so many of the oldest are the request to repeat; 0: a new one
  sink::Attempt attempt_;
  std::int64_t wait_ms_ = 0;
  std::string refusal_;  // why the server refused events
};

std::string Uploader::Run::explain() const {
  const std::string problem = policy_ ? policy_->state().problem : std::string();
  switch (result_.end) {
    case End::drained: return refusal_;
    case End::backing_off:
      return problem.empty() ? "the disk does not take what became of the events" : problem;
    case End::out_of_time: return "there was not enough time";
    case End::busy: return "another process is uploading";
    case End::disabled: return "telemetry is off";
    case End::held: return "the user has not been shown the notice yet";
    case End::cancelled: return "the client was closed";
  }
  return {};
}

RunResult::End Uploader::Run::upload() {
  if (up_.cancelled_.load()) return End::cancelled;
  if (!up_.parts_.sink) return End::drained;  // nowhere to send to
  if (const auto end = check_consent()) return *end;
  if (const auto end = open_queue()) return *end;
  if (const auto end = load()) return *end;

  const Job& job = up_.job_;
  written_ = read_state(job.spool_dir, up_.fingerprint_);
  policy_.emplace(Limits{.retries_max = job.max_retries,
                         .batch_events_max = job.batch_events_max,
                         .batch_bytes_max = job.batch_bytes_max},
                  written_);
  wait_ms_ = policy_->begin(up_.parts_.unix_ms(), options_.asked);
  for (;;) {
    if (const auto end = wait(std::exchange(wait_ms_, 0))) return *end;
    const std::optional<End> end = exchange();
    remember();
    if (end) return *end;
    if (!events_.empty()) continue;
    if (const auto drained = load()) return *drained;
  }
}

std::optional<RunResult::End> Uploader::Run::check_consent() {
  const consent::Decision decision = consent::decide(up_.job_.consent, up_.parts_.signals);
  if (!decision.enabled) {
    if (consent::is_withdrawal(decision.rule) &&
        consent::foreign_home(up_.job_.consent, up_.parts_.signals).empty()) {
      result_.dropped += spool::purge(up_.job_.spool_dir).records;
    }
    return End::disabled;
  }
  if (!decision.may_send) return End::held;
  return {};
}

std::optional<RunResult::End> Uploader::Run::open_queue() {
  for (;;) {
    queue_ = spool::Queue::try_open(up_.job_.spool_dir);
    if (queue_) return {};
    if (up_.cancelled_.load()) return End::cancelled;
    if (steady_ms() >= options_.busy_until_ms) return End::busy;
    static_cast<void>(up_.sleep(kBusyPollMs, {}));
  }
}

std::optional<RunResult::End> Uploader::Run::load() {
  while (events_.empty()) {
    records_.clear();
    const auto peeked = queue_->peek(up_.job_.batch_events_max, up_.job_.batch_bytes_max);
    if (peeked.empty()) return End::drained;
    std::unordered_set<std::string_view> uuids(peeked.size());
    std::vector<spool::Record> unreadable;
    for (const spool::Record& record : peeked) {
      const std::optional<event::Record> event = event::parse_record(record.payload);
      const std::string_view uuid = event ? sink::uuid_of(*event) : std::string_view();
      if (uuid.empty()) {
        unreadable.push_back(record);
        continue;
      }
      // No batch holds one uuid twice: the second waits for the next.
      if (!uuids.insert(uuid).second) break;
      records_.push_back(record);
      events_.push_back(*event);
    }
    result_.dropped += unreadable.size();
    if (!queue_->settle(unreadable, spool::counter_of(Reason::corrupt))) {
      return back_off(up_.parts_.unix_ms() + kDiskTroubleMs);
    }
  }
  return {};
}

std::optional<RunResult::End> Uploader::Run::wait(std::int64_t ms) {
  if (ms > 0) {
    if (steady_ms() + ms >= options_.deadline_ms) return back_off(up_.parts_.unix_ms() + ms);
    if (!up_.sleep(ms, [this] { return may_go_on(); })) return End::disabled;
  }
  if (up_.cancelled_.load()) return End::cancelled;
  if (steady_ms() >= options_.deadline_ms) return End::out_of_time;
  return {};
}

std::size_t Uploader::Run::choose() const {
  const std::size_t most = std::min(events_.size(), policy_->events_max());
  std::size_t bytes = records_.front().payload.size();
  std::size_t count = 1;
  while (count < most) {
    bytes += records_[count].payload.size();
    if (bytes > policy_->bytes_max()) break;
    ++count;
  }
  return count;
}

std::optional<RunResult::End> Uploader::Run::exchange() {
  if (sending_ == 0) {
    sending_ = choose();
    attempt_ = {.number = 1, .request_id = uuid_text()};
  } else {
    ++attempt_.number;
  }
  attempt_.unix_ms = up_.parts_.unix_ms();
  sink::Encoded encoded = up_.parts_.sink->encode(std::span(events_).first(sending_), attempt_);
  transport::Request request{.url = endpoint(up_.job_, encoded.path),
                             .headers = std::move(encoded.headers),
                             .body = encoded.body,
                             .plain_http = up_.job_.sinks.front().plain_http};
  if (up_.coding_ != Coding::none) {
    if (const auto coded = up_.compressor_.compress(encoded.body)) {
      request.headers.emplace_back("Content-Encoding", name(up_.coding_));
      request.body = *coded;
    }
  }

  // The last look before the bytes leave.
  if (const auto end = check_consent()) return end;
  const std::int64_t time_left = std::max<std::int64_t>(options_.deadline_ms - steady_ms(), 1);
  const bool hurried = time_left < up_.job_.request_timeout_ms;
  request.timeout_ms =
      hurried ? static_cast<std::uint32_t>(time_left) : up_.job_.request_timeout_ms;
  // A user who opts out meanwhile wants nothing more to leave.
  request.may_go_on = [this] { return may_go_on(); };
  note(spool::Exchange::under_way);
  const transport::Response response = up_.parts_.transport->send(request);
  ++result_.requests;
  if (response.failure == transport::Failure::cut) {
    note(response.written ? spool::Exchange::cut : spool::Exchange::none);
    // What waits is purged by the process that withdrew consent, or by the next run.
    return End::disabled;
  }
  note(response.written || response.failure == transport::Failure::none ? spool::Exchange::answered
                                                                        : spool::Exchange::none);

  // Cut short by our own deadline: that says nothing of the server.
  if (response.failure == transport::Failure::timeout && hurried) return End::out_of_time;
  return hear(response);
}

std::optional<RunResult::End> Uploader::Run::hear(const transport::Response& response) {
  using transport::Failure;
  if (response.failure == Failure::cancelled) return End::cancelled;
  Sent sent{.events = sending_, .timed_out = response.failure == Failure::timeout};
  for (const spool::Record& record : std::span(records_).first(sending_)) {
    sent.bytes += record.payload.size();
  }
  const std::int64_t now = up_.parts_.unix_ms();
  const std::uint64_t random = up_.parts_.random();
  sink::Answer answer{.kind = sink::Answer::Kind::retry};
  if (response.failure == Failure::none) {
    answer = up_.parts_.sink->classify(response.status, response.body,
                                       std::span(events_).first(sending_));
  } else if (response.failure == Failure::forbidden) {
    answer = {.kind = sink::Answer::Kind::paused, .explanation = response.error};
  } else {
    const std::string problem =
        std::string(describe(response.failure)) + " (" + response.error + ")";
    return act(policy_->unanswered(sent, problem, now, random), answer);
  }
  const auto retry_after = parse_retry_after(response.retry_after, now);
  return act(policy_->answered(answer, sent, retry_after, now, random), answer);
}

std::optional<RunResult::End> Uploader::Run::act(const Next& next, const sink::Answer& answer) {
  const std::uint64_t refused = result_.refused;
  const auto end = act_on(next, answer);
  if (result_.refused > refused) refusal_ = answer.explanation;
  return end;
}

std::optional<RunResult::End> Uploader::Run::act_on(const Next& next, const sink::Answer& answer) {
  // Verdicts stand whatever comes next.
  if (answer.kind == sink::Answer::Kind::settled) {
    if (const auto end = settle_front(answer.events)) return end;
  }
  switch (next.step) {
    case Next::Step::go_on:
    case Next::Step::smaller: sending_ = 0; return {};
    case Next::Step::resend: wait_ms_ = next.wait_ms; return {};
    case Next::Step::set_aside: {
      const bool oversize = answer.kind == sink::Answer::Kind::too_large;
      const auto verdict = oversize ? sink::Verdict::oversize : sink::Verdict::refused;
      const auto end = settle_front({&verdict, 1});
      sending_ = 0;
      return end;
    }
    case Next::Step::stop: break;
  }
  const State& state = policy_->state();
  return back_off(std::max(state.backoff_ms, state.not_before_ms));
}

// Settles the events of the request by their verdicts. Those to be sent again stay in
// front, as the request to repeat.
std::optional<RunResult::End> Uploader::Run::settle_front(std::span<const sink::Verdict> verdicts) {
  constexpr sink::Verdict kFinal[] = {sink::Verdict::delivered, sink::Verdict::refused,
                                      sink::Verdict::oversize};
  bool settled = true;
  std::vector<spool::Record> chosen;
  chosen.reserve(verdicts.size());
  for (const sink::Verdict final : kFinal) {
    chosen.clear();
    std::vector<std::string_view> refused;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      if (verdicts[i] != final) continue;
      chosen.push_back(records_[i]);
      if (final != sink::Verdict::delivered) refused.push_back(events_[i].bytes);
    }
    keep_refused(up_.job_.spool_dir, refused);
    settled &= queue_->settle(chosen, counter_of(final));
    (final == sink::Verdict::delivered ? result_.delivered : result_.refused) += chosen.size();
  }
  if (!settled) return back_off(up_.parts_.unix_ms() + kDiskTroubleMs);

  std::size_t kept = 0;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i] != sink::Verdict::retry) continue;
    records_[kept] = records_[i];
    events_[kept] = events_[i];
    ++kept;
  }
  const auto from = static_cast<std::ptrdiff_t>(kept);
  const auto to = static_cast<std::ptrdiff_t>(verdicts.size());
  records_.erase(records_.begin() + from, records_.begin() + to);
  events_.erase(events_.begin() + from, events_.begin() + to);
  sending_ = kept;
  return {};
}

void Uploader::Run::remember() {
  if (policy_->state() == written_) return;
  // Should the disk refuse, the next process starts with less to know.
  if (write_state(up_.job_.spool_dir, up_.fingerprint_, policy_->state()))
    written_ = policy_->state();
}

Uploader::Uploader(Job job) : Uploader(job, real_parts(job)) {}

Uploader::Uploader(Job job, Parts parts)
    : job_(std::move(job)),
      parts_(std::move(parts)),
      fingerprint_(job_.sinks.empty() ? "" : fingerprint(job_.sinks.front())),
      coding_(choose_coding(job_, parts_.sink.get())),
      compressor_(coding_) {}

Uploader::~Uploader() = default;

RunResult Uploader::run(const RunOptions& options) { return Run(*this, options).go(); }

void Uploader::cancel() noexcept {
  {
    // Under the lock, or the signal could fall between a sleeper's look and its sleep.
    const std::lock_guard lock(mutex_);
    cancelled_.store(true);
  }
  cancel_signal_.notify_all();
  parts_.transport->cancel();
}

bool Uploader::sleep(std::int64_t ms, const std::function<bool()>& may_go_on) {
  if (parts_.sleep) {
    parts_.sleep(ms);
    return true;
  }
  const std::int64_t until_ms = steady_ms() + ms;
  for (;;) {
    const std::int64_t left = until_ms - steady_ms();
    if (left <= 0) return true;
    {
      std::unique_lock lock(mutex_);
      const auto step = std::min<std::int64_t>(left, transport::kAskEveryMs);
      const auto cancelled = [&] { return cancelled_.load(); };
      if (cancel_signal_.wait_for(lock, std::chrono::milliseconds(step), cancelled)) return true;
    }
    if (may_go_on && !may_go_on()) return false;
  }
}

}  // namespace candor::upload
