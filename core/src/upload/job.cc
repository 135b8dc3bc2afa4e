#include "upload/job.h"

#include <nlohmann/json.hpp>

#include "upload/json.h"

namespace candor::upload {
namespace {

using Json = nlohmann::json;

// A job outside of these was not written by us.
constexpr std::uint32_t kMsMax = 86'400'000;
constexpr std::uint32_t kRetriesMax = 1000;
constexpr std::uint32_t kBatchEventsMax = 100'000;
constexpr std::uint32_t kBatchBytesMax = 16u << 20;  // PostHog v0 takes 20 MiB
constexpr std::size_t kSinksMax = 16;

std::string_view mode_name(ConsentMode mode) noexcept {
  switch (mode) {
    case ConsentMode::opt_out: return "opt_out";
    case ConsentMode::opt_in: return "opt_in";
    case ConsentMode::off: return "off";
  }
  return "off";
}

// What is not understood is off.
ConsentMode mode_of(std::string_view name) noexcept {
  if (name == "opt_out") return ConsentMode::opt_out;
  if (name == "opt_in") return ConsentMode::opt_in;
  return ConsentMode::off;
}

Json terms_json(const consent::Terms& terms) {
  return {{"product", terms.product},
          {"env_prefix", terms.env_prefix},
          {"mode", mode_name(terms.mode)},
          {"send_in_ci", terms.send_in_ci},
          {"policy_file", terms.policy_file},
          {"identity_file", terms.identity_file},
          {"notice_version", terms.notice_version}};
}

consent::Terms terms_of(const Json& json) {
  consent::Terms terms;
  terms.product = text_at(json, "product");
  terms.env_prefix = text_at(json, "env_prefix");
  terms.mode = mode_of(text_at(json, "mode"));
  terms.send_in_ci = flag_at(json, "send_in_ci");
  terms.policy_file = text_at(json, "policy_file");
  terms.identity_file = text_at(json, "identity_file");
  terms.notice_version = number_at<std::uint32_t>(json, "notice_version", 0, 0, UINT32_MAX);
  return terms;
}

Json sink_json(const sink::Config& sink) {
  return {{"type", sink.type},
          {"host", sink.host},
          {"project_key", sink.project_key},
          {"protocol", sink.protocol},
          {"geoip", sink.geoip},
          {"person_profiles", sink.person_profiles},
          {"server", sink.server},
          {"plain_http", sink.plain_http}};
}

sink::Config sink_of(const Json& json) {
  sink::Config sink;
  sink.type = text_at(json, "type");
  sink.host = text_at(json, "host");
  sink.project_key = text_at(json, "project_key");
  sink.protocol = text_at(json, "protocol");
  sink.geoip = flag_at(json, "geoip");
  sink.person_profiles = flag_at(json, "person_profiles");
  sink.server = flag_at(json, "server");
  sink.plain_http = flag_at(json, "plain_http");
  return sink;
}

Error broken(const char* what) { return Error{std::string("the upload job ") + what}; }

}  // namespace

std::string to_json(const Job& job) {
  Json sinks = Json::array();
  for (const sink::Config& sink : job.sinks) sinks.push_back(sink_json(sink));
  return to_text(Json{{"spool_dir", job.spool_dir},
                      {"consent", terms_json(job.consent)},
                      {"sinks", std::move(sinks)},
                      {"flush_interval_ms", job.flush_interval_ms},
                      {"max_retries", job.max_retries},
                      {"request_timeout_ms", job.request_timeout_ms},
                      {"compression", job.compression},
                      {"batch_events_max", job.batch_events_max},
                      {"batch_bytes_max", job.batch_bytes_max}});
}

Expected<Job> parse_job(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return broken("is not a JSON object");
  Job job;
  job.spool_dir = text_at(json, "spool_dir");
  if (job.spool_dir.empty()) return broken("names no spool_dir");
  const auto consent = json.find("consent");
  if (consent == json.end() || !consent->is_object()) return broken("has no consent terms");
  job.consent = terms_of(*consent);
  job.consent.spool_dir = job.spool_dir;
  const auto sinks = json.find("sinks");
  if (sinks == json.end() || !sinks->is_array() || sinks->size() > kSinksMax) {
    return broken("has no list of sinks");
  }
  for (const Json& sink : *sinks) {
    if (!sink.is_object()) return broken("has a sink that is no object");
    job.sinks.push_back(sink_of(sink));
  }
  const auto read = [&](const char* key, std::uint32_t otherwise, std::uint32_t low,
                        std::uint32_t high) {
    return number_at<std::uint32_t>(json, key, otherwise, low, high);
  };
  job.flush_interval_ms = read("flush_interval_ms", job.flush_interval_ms, 1, kMsMax);
  job.max_retries = read("max_retries", job.max_retries, 0, kRetriesMax);
  job.request_timeout_ms = read("request_timeout_ms", job.request_timeout_ms, 1, kMsMax);
  job.batch_events_max = read("batch_events_max", job.batch_events_max, 1, kBatchEventsMax);
  job.batch_bytes_max = read("batch_bytes_max", job.batch_bytes_max, 1, kBatchBytesMax);
  job.compression = text_at(json, "compression");
  return job;
}

}  // namespace candor::upload
