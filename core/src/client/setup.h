// From a catalog and options to what the parts of a client are made of.
#pragma once

#include <memory>
#include <string>

#include "candor/ledger.h"
#include "candor/options.h"
#include "catalog/catalog.h"
#include "consent/consent.h"
#include "sink/sink.h"
#include "spool/spool.h"

namespace candor::client {

// Where things are, of one product on one machine.
struct Places {
  std::string home;  // empty: no HOME
  std::string identity_file;
  std::string spool_dir;
  std::string endpoint;  // of the first sink, or what PREFIX_TELEMETRY_ENDPOINT says
  bool endpoint_overridden = false;
  std::string endpoint_shown;      // the same for people: *** for what may be secret in it
  std::string endpoint_problem;    // why nothing is sent there; empty when it may be one
  bool endpoint_insecure = false;  // plain http to another machine
};

[[nodiscard]] Places places(const catalog::Catalog& catalog, const Options& options,
                            const Environment& env);
[[nodiscard]] consent::Terms terms(const catalog::Catalog& catalog, const Options& options,
                                   const Places& places);
// Where events go, in catalog order.
[[nodiscard]] std::vector<sink::Config> sinks(const catalog::Catalog& catalog,
                                              const Places& places);
// The uploader's job, as JSON.
[[nodiscard]] std::string job(const catalog::Catalog& catalog, const Options& options,
                              const Places& places, const consent::Terms& terms);
// Labels of the spool: every event's name, then "" for events that the catalog doesn't know.
[[nodiscard]] std::vector<std::string> labels(const catalog::Catalog& catalog);
[[nodiscard]] Ledger ledger(const spool::Tally& tally);

// "PREFIX_NAME"
[[nodiscard]] std::string variable(const catalog::Catalog& catalog, std::string_view name);

// What the user is told of an upload that was under way when telemetry was disabled: its name, and
// a sentence that is empty when there is nothing to tell.
[[nodiscard]] std::string_view name(spool::Halt halt) noexcept;
[[nodiscard]] std::string_view sentence(spool::Halt halt) noexcept;
// How long a user who disables telemetry waits for an upload to end.
inline constexpr std::int64_t kHaltWaitMs = 1000;

}  // namespace candor::client
