// A program whose candor has another version number than the rest of the build: what two versions
// on one machine are tested with. Opens a client, emits one event and prints what came of it:
//
//   other_version CATALOG EVENT        {"version":"0.9.0","rule":..,"result":..,"log":[..]}
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "candor/client.h"
#include "candor/version.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<std::string> log;
  candor::Options options;
  options.catalog = argv[1];
  options.product_version = "1.2.3";
  options.delivery = candor::Delivery::manual;
  options.log = [&log](std::string_view line) { log.emplace_back(line); };
  const auto client = candor::Client::open(std::move(options));
  const candor::Outcome outcome = client->emit(argv[2]);
  const nlohmann::json said = {{"version", candor::kVersion},
                               {"rule", client->status().rule},
                               {"install_id", client->status().install_id},
                               {"result", candor::name(outcome.result)},
                               {"log", log}};
  std::puts(said.dump().c_str());
  return 0;
}
