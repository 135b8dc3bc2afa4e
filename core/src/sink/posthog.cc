// PostHog's batch protocols. v0: POST /batch/, one answer for the whole batch.
// v1: POST /i/v1/analytics/events, one result for each event.
//
// An event's canonical bytes are {"event":..,"uuid":..,"timestamp":..,"properties":{..}};
// they are spliced into the body by adding before the first and after the last byte but
// two, never parsed.
#include <array>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "candor/version.h"
#include "platform/clock.h"
#include "sink/sink.h"

namespace candor::sink {
namespace {

using Json = nlohmann::json;

std::string timestamp(std::int64_t unix_ms) {
  std::array<char, kTimestampBytes> text{};
  format_timestamp(unix_ms, text);
  return std::string(text.data(), text.size());
}

std::string json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

Answer whole(Answer::Kind kind, std::string explanation) {
  return Answer{.kind = kind, .events = {}, .explanation = std::move(explanation)};
}

Answer all_delivered(std::size_t count) {
  return Answer{.kind = Answer::Kind::settled,
                .events = std::vector<Verdict>(count, Verdict::delivered),
                .explanation = {}};
}

class PostHog final : public Sink {
 public:
  explicit PostHog(const Config& config);
  bool accepts(std::string_view coding) const override {
    return coding == "gzip" || (v1_ && coding == "zstd");
  }
  Encoded encode(std::span<const event::Record> events, const Attempt& attempt) const override;
  Answer classify(int status, std::string_view body,
                  std::span<const event::Record> events) const override;

 private:
  [[nodiscard]] bool is_retried(int status) const noexcept;
  void append_batch(std::string& to, std::span<const event::Record> events) const;

  const bool v1_;
  const std::string key_;
  std::string properties_;  // `"$lib":"candor",..`: what every event's properties get
  std::string ending_;      // closes the event, after its properties
};

PostHog::PostHog(const Config& config) : v1_(config.protocol == "v1"), key_(config.project_key) {
  // In v1 the library and the person profile have places of their own.
  if (!v1_) { properties_ = R"("$lib":"candor","$lib_version":)" + json_string(kVersion) + ","; }
  properties_ += config.server ? R"("$is_server":true)" : R"("$is_server":false)";
  if (!config.geoip) properties_ += R"(,"$geoip_disable":true)";
  if (!v1_ && !config.person_profiles) properties_ += R"(,"$process_person_profile":false)";

  if (!v1_) {
    ending_ = "}}";
  } else if (config.person_profiles) {
    ending_ = R"(},"options":{}})";
  } else {
    ending_ = R"(},"options":{"process_person_profile":false}})";
  }
}

void PostHog::append_batch(std::string& to, std::span<const event::Record> events) const {
  // Neighbours mostly share sender and project, so both are rendered once.
  std::string_view sender, project;
  std::string opening, closing = properties_ + ending_;
  bool first = true;
  for (const event::Record& event : events) {
    if (first || event.distinct_id != sender) {
      sender = event.distinct_id;
      opening = R"(,{"distinct_id":)" + json_string(sender) + ",";
    }
    if (event.project != project) {
      project = event.project;
      closing = properties_;
      if (!project.empty()) closing += R"(,"$groups":{"project":)" + json_string(project) + "}";
      closing += ending_;
    }
    to.append(first ? std::string_view(opening).substr(1) : opening);
    first = false;
    const std::string_view inside = event.bytes.substr(1, event.bytes.size() - 3);
    to.append(inside);
    if (inside.back() != '{') to.push_back(',');
    to.append(closing);
  }
}

Encoded PostHog::encode(std::span<const event::Record> events, const Attempt& attempt) const {
  Encoded encoded;
  std::size_t bytes = 256 + key_.size();
  for (const event::Record& event : events) {
    bytes += event.bytes.size() + event.distinct_id.size() + event.project.size() +
             properties_.size() + ending_.size() + 64;
  }
  encoded.body.reserve(bytes);

  const std::string now = timestamp(attempt.unix_ms);
  encoded.headers.emplace_back("Content-Type", "application/json");
  if (v1_) {
    encoded.path = "/i/v1/analytics/events";
    encoded.headers.emplace_back("Authorization", "Bearer " + key_);
    encoded.headers.emplace_back("PostHog-Sdk-Info", std::string("candor/") + kVersion);
    encoded.headers.emplace_back("PostHog-Attempt", std::to_string(attempt.number));
    encoded.headers.emplace_back("PostHog-Request-Id", attempt.request_id);
    encoded.headers.emplace_back("PostHog-Request-Timestamp", now);
    encoded.body += R"({"created_at":)" + json_string(now);
  } else {
    encoded.path = "/batch/";
    encoded.body += R"({"api_key":)" + json_string(key_) + R"(,"sent_at":)" + json_string(now);
  }
  encoded.body += R"(,"batch":[)";
  append_batch(encoded.body, events);
  encoded.body += "]}";
  return encoded;
}

bool PostHog::is_retried(int status) const noexcept {
  if (status == 408 || status < 200) return true;
  if (v1_) return status == 500 || (status >= 502 && status <= 504);
  return status == 429 || status >= 500;
}

Verdict verdict_of(const Json& results, std::string_view uuid) {
  const auto found = results.find(uuid);
  if (found == results.end() || !found->is_object()) return Verdict::delivered;
  const auto result = found->find("result");
  if (result == found->end() || !result->is_string()) return Verdict::delivered;
  const auto& text = result->get_ref<const std::string&>();
  if (text == "retry") return Verdict::retry;
  if (text == "drop" || text == "limited") return Verdict::refused;
  return Verdict::delivered;
}

Answer results_of(std::string_view body, std::span<const event::Record> events) {
  // Whatever the body says, 2xx means that the batch has arrived: what it does not
  // clearly ask for again must not be sent again.
  Answer answer = all_delivered(events.size());
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return answer;
  const auto results = json.find("results");
  if (results == json.end() || !results->is_object()) return answer;
  for (std::size_t i = 0; i < events.size(); ++i) {
    answer.events[i] = verdict_of(*results, uuid_of(events[i]));
    if (answer.events[i] == Verdict::refused) {
      answer.explanation = "the server dropped some events (invalid, or over the project's quota)";
    }
  }
  return answer;
}

Answer PostHog::classify(int status, std::string_view body,
                         std::span<const event::Record> events) const {
  using Kind = Answer::Kind;
  const std::string code = " (HTTP " + std::to_string(status) + ")";
  if (status >= 200 && status <= 299) {
    return v1_ ? results_of(body, events) : all_delivered(events.size());
  }
  if (is_retried(status)) return whole(Kind::retry, "the server is not ready" + code);
  switch (status) {
    case 400:
    case 422: return whole(Kind::bad_batch, "the server refuses an event" + code);
    case 413: return whole(Kind::too_large, "the server finds the batch too large" + code);
    case 401:
    case 403: return whole(Kind::paused, "the server refuses the project key" + code);
    case 402: return whole(Kind::paused, "the project's plan takes no more events" + code);
    case 429: return whole(Kind::paused, "the server takes no more events for now" + code);
    default: break;
  }
  // Nothing an event could be the cause of, and sending again soon would not help.
  if (status < 400)
    return whole(Kind::paused, "the server redirects, which is not followed" + code);
  return whole(Kind::paused, "the server does not take events at this address" + code);
}

}  // namespace

std::unique_ptr<Sink> make_posthog(const Config& config) {
  return std::make_unique<PostHog>(config);
}

}  // namespace candor::sink
