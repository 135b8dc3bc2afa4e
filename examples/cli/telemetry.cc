#include "telemetry.h"

#include <cstdlib>

namespace ktx {

std::unique_ptr<candor::Client> open_telemetry(const Project& project) {
  candor::Options options;
  options.catalog_text = kCatalog;
  options.product_version = kVersion;
  if (project.exists()) options.project_dir = project.directory().string();
  // The launcher of an install with Node in it sets this; so all of ktx's runtimes say the same.
  const char* node = std::getenv("KTX_NODE_VERSION");
  options.sources["host.nodeVersion"] = std::string(node != nullptr ? node : "none");
  auto telemetry = candor::Client::open(std::move(options));
  if (telemetry->first_run()) telemetry->emit("install_first_run");
  return telemetry;
}

void Attempt::describe() {
  try {
    std::rethrow_exception(error_);
  } catch (const Failure& failure) {
    kind_ = failure.kind;
    detail_ = failure.what();
  } catch (const Interrupted&) { kind_ = "Interrupted"; } catch (...) {
    kind_ = "InternalError";
  }
}

void CommandSpan::end(std::string_view outcome, std::string_view kind, std::string_view detail) {
  if (std::exchange(ended_, true)) return;
  const std::vector<candor::Value> path(path_.begin(), path_.end());
  std::vector<candor::Field> flags;
  for (const std::string& flag : flags_) flags.push_back({flag, true});
  telemetry_.emit("command", {{"commandPath", candor::Value::array(path.data(), path.size())},
                              {"durationMs", watch_.ms()},
                              {"outcome", outcome},
                              {"errorClass", text_or_null(kind)},
                              {"errorDetail", text_or_null(detail)},
                              {"flagsPresent", candor::Value::object(flags.data(), flags.size())},
                              {"hasProject", has_project_},
                              {"projectGroupAttached", has_project_}});
}

}  // namespace ktx
