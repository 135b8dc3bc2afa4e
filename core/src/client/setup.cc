#include "client/setup.h"

#include <algorithm>

#include "base/text.h"
#include "base/url.h"
#include "spool/home.h"
#include "upload/job.h"

namespace candor::client {

std::string variable(const catalog::Catalog& catalog, std::string_view name) {
  return catalog.product.env_prefix + "_" + std::string(name);
}

Places places(const catalog::Catalog& catalog, const Options& options, const Environment& env) {
  Places places;
  if (!catalog.sinks.empty()) places.endpoint = catalog.sinks.front().host;
  const auto override_host = env(variable(catalog, "TELEMETRY_ENDPOINT"));
  if (override_host && !override_host->empty()) {
    places.endpoint = *override_host;
    places.endpoint_overridden = true;
  }
  if (!places.endpoint.empty() && !is_web_address(places.endpoint)) {
    places.endpoint_problem =
        (places.endpoint_overridden ? variable(catalog, "TELEMETRY_ENDPOINT") : "the endpoint") +
        " is no address like https://host[:port]: nothing is sent";
  }
  places.endpoint_shown = masked_url(places.endpoint);
  places.endpoint_insecure = is_readable_on_its_way(places.endpoint);
  const auto home = expand_home(options.home.empty() ? catalog.product.home : options.home, env);
  if (!home) return places;
  places.home = *home;
  places.identity_file = *home + "/telemetry.json";
  places.spool_dir = spool::directory_in(*home, catalog.name);
  return places;
}

consent::Terms terms(const catalog::Catalog& catalog, const Options& options,
                     const Places& places) {
  return {.product = catalog.product.name,
          .env_prefix = catalog.product.env_prefix,
          .mode = catalog.product.consent,
          .send_in_ci = catalog.product.send_in_ci,
          .policy_file = options.policy_file,
          .identity_file = places.identity_file,
          .notice_version = catalog.product.notice_version,
          .spool_dir = places.spool_dir};
}

std::vector<sink::Config> sinks(const catalog::Catalog& catalog, const Places& places) {
  std::vector<sink::Config> configs;
  for (const catalog::Sink& sink : catalog.sinks) {
    configs.push_back({.type = sink.type,
                       .host = places.endpoint_overridden ? places.endpoint : sink.host,
                       .project_key = sink.project_key,
                       .protocol = sink.protocol,
                       .geoip = sink.geoip,
                       .person_profiles = sink.person_profiles,
                       .server = sink.server,
                       // Only where the user says so in the environment, never a catalog.
                       .plain_http = places.endpoint_overridden});
  }
  return configs;
}

std::string job(const catalog::Catalog& catalog, const Options& options, const Places& places,
                const consent::Terms& terms) {
  upload::Job job;
  job.spool_dir = places.spool_dir;
  job.consent = terms;
  job.sinks = sinks(catalog, places);
  job.flush_interval_ms = options.flush_interval_ms;
  job.max_retries = options.max_retries;
  job.request_timeout_ms = options.request_timeout_ms;
  job.compression = options.compression == Compression::none   ? "none"
                    : options.compression == Compression::gzip ? "gzip"
                                                               : "zstd";
  return upload::to_json(job);
}

std::vector<std::string> labels(const catalog::Catalog& catalog) {
  std::vector<std::string> names;
  names.reserve(catalog.events.size() + 1);
  for (const catalog::Event& event : catalog.events) names.push_back(event.name);
  names.emplace_back();
  return names;
}

Ledger ledger(const spool::Tally& tally) {
  Ledger ledger;
  for (const auto& [label, counts] : tally.labels) {
    const Counts of_label{counts};
    ledger.events[label.empty() ? "(unknown)" : utf8_repaired(label)] += of_label;
    ledger.total += of_label;
  }
  ledger.spool = {.bytes = tally.bytes, .segments = tally.segments};
  return ledger;
}

std::string_view name(spool::Halt halt) noexcept {
  switch (halt) {
    case spool::Halt::idle: return "idle";
    case spool::Halt::stopped: return "stopped";
    case spool::Halt::sent: return "sent";
    case spool::Halt::running: return "running";
  }
  return "running";
}

std::string_view sentence(spool::Halt halt) noexcept {
  switch (halt) {
    case spool::Halt::idle: return "";
    case spool::Halt::stopped: return "An upload was under way and was stopped.";
    case spool::Halt::sent:
      return "A request was being sent and was stopped; what the server has read of it can't be "
             "recalled.";
    case spool::Halt::running:
      return "A process that is uploading did not stop within a second; what it is sending may "
             "still arrive.";
  }
  return "";
}

}  // namespace candor::client
