// A program that ends while its uploader is being started, or a plugin whose static constructor is
// a whole run (candor-plugin, built with PLUGIN defined).
//
//   candor-leaver HOME UPLOAD_LIBRARY MILLISECONDS
#include <candor/client.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

namespace {

constexpr char kCatalog[] = R"({
  "catalog": "leaver",
  "product": {"name": "Leaver", "home": "~/.leaver", "env_prefix": "LEAVER",
              "consent": {"mode": "opt_out"}},
  "sinks": [{"type": "posthog", "host": "http://127.0.0.1:9", "project_key": "phc_test"}],
  "envelope": {},
  "events": {"left": {"description": "A run ended.", "owner": "@leaver",
                      "purpose": "reliability", "fields": {}}}
})";

std::unique_ptr<candor::Client> run(const char* home, const char* library) {
  candor::Options options;
  options.catalog_text = kCatalog;
  options.home = home;
  options.upload_library = library;
  options.policy_file = "/nonexistent";
  options.delivery = candor::Delivery::background;
  options.flush_at = 1;  // the uploader is started with the first event
  auto client = candor::Client::open(std::move(options));
  if (!client->emit("left")) std::_Exit(3);
  return client;
}

}  // namespace

#ifdef PLUGIN

namespace {
const bool ran = [] {
  const auto client = run(std::getenv("LEAVER_HOME"), std::getenv("LEAVER_LIBRARY"));
  // Time for the client's thread to meet the loader's lock, which this thread holds.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  client->close();
  return true;
}();
}  // namespace

extern "C" __attribute__((visibility("default"))) int candor_plugin_ran() { return ran ? 1 : 0; }

#else

int main(int count, char** arguments) {
  if (count != 4) return 2;
  // Not closed: exit finds it as it is.
  static_cast<void>(run(arguments[1], arguments[2]).release());
  std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(arguments[3])));
  std::exit(0);
}

#endif
