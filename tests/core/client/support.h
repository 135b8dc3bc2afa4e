// A product of the tests' own: a catalog and a home.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "candor/client.h"
#include "event/record.h"
#include "spool/home.h"
#include "spool/spool.h"
#include "support/temp_dir.h"

namespace candor::test {

inline constexpr char kCatalog[] = R"({
  "catalog": "acme",
  "product": { "name": "Acme", "home": "~/.acme", "env_prefix": "ACME",
    "consent": { "mode": "opt_out" }, "notice": { "version": 1, "text": "Acme collects usage data." } },
  "sinks": [ { "type": "posthog", "host": "http://127.0.0.1:9", "project_key": "phc_test" } ],
  "envelope": {
    "version": { "type": "string", "max_length": 32, "source": "product.version" },
    "runtime": { "type": "enum", "values": ["cpp", "python"], "source": "runtime.name" }
  },
  "events": {
    "started": { "description": "It started.", "owner": "@a", "purpose": "usage", "runtimes": ["cpp", "python"],
      "fields": { "n": { "type": "integer", "min": 0 }, "note": { "type": "string", "max_length": 40, "optional": true } } },
    "python_only": { "description": "x.", "owner": "@a", "purpose": "usage", "runtimes": ["python"], "fields": {} }
  }
})";

class Home {
 public:
  [[nodiscard]] Options options() const {
    Options options;
    options.catalog_text = kCatalog;
    options.product_version = "1.2.3";
    options.home = dir_.path();
    options.policy_file = dir_ / "no-policy.json";
    options.delivery = Delivery::manual;
    return options;
  }
  [[nodiscard]] std::string identity_file() const { return dir_ / "telemetry.json"; }
  [[nodiscard]] std::string spool() const { return spool::directory_in(dir_.path(), "acme"); }
  // Canonical bytes of what waits.
  [[nodiscard]] std::vector<std::string> waiting() const {
    std::vector<std::string> events;
    spool::for_each_pending(spool(), [&](std::string_view payload) {
      const auto record = event::parse_record(payload);
      events.emplace_back(record ? record->bytes : "not a record");
    });
    return events;
  }
  [[nodiscard]] Ledger ledger() const { return Client::open(options())->stats(); }
  void write_identity(const std::string& text) const { std::ofstream(identity_file()) << text; }
  [[nodiscard]] std::string read_identity() const {
    std::ifstream in(identity_file());
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  TempDir dir_;
};

}  // namespace candor::test
