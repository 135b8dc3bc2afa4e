// Any bytes as the identity file: an opt-out is never lost, and a file that can't
// be understood is never written.
#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "identity/identity.h"
#include "platform/file.h"
#include "platform/random.h"

using candor::fuzz::require;
using candor::identity::Identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const candor::fuzz::Scratch scratch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string path = scratch.write("telemetry.json", text);
  const std::string record = path.substr(0, path.find_last_of('/')) + "/consent.json";
  candor::file::remove(record);
  constexpr std::int64_t kNow = 1'767'312'000'000;

  const Identity before = candor::identity::read(path);
  require(before.state != Identity::State::absent, "a file that exists is not absent");
  if (before.state == Identity::State::broken) {
    require(!candor::identity::mint(path, kNow).ok(), "a broken file gets no identity");
    require(!candor::identity::set_enabled(path, true, kNow).ok(), "nor a choice");
    const auto after = candor::file::read(path, size + 1);
    require(after.ok() && *after == text, "and is never written");
    return 0;
  }

  require(before.install_id.empty() || candor::is_uuid(before.install_id), "an id is a UUID");
  const auto minted = candor::identity::mint(path, kNow);
  const bool refused = before.install_id.empty() && before.enabled == false;
  require(minted.ok() != refused, "a file is completed, unless it says no");
  const Identity full = candor::identity::read(path);
  require(refused || full.enabled.value_or(true) == before.enabled.value_or(true),
          "without changing a choice");
  require(before.install_id.empty() || full.install_id == before.install_id,
          "and without changing the id");
  require(candor::identity::set_enabled(path, false, kNow).ok(), "anyone may opt out");
  const Identity after = candor::identity::read(path);
  require(after.state == Identity::State::valid && after.enabled == false, "and is heard");
  require(full.install_id.empty() || after.install_id == full.install_id, "and keeps the id");

  // Keys that mean nothing to us are still there, or where they were moved to.
  const auto was = nlohmann::json::parse(text, nullptr, false);
  const auto is = nlohmann::json::parse(*candor::file::read(path, 1u << 20), nullptr, false);
  const auto noted = candor::file::read(record, 1u << 20);
  const auto moved = noted ? nlohmann::json::parse(*noted, nullptr, false) : nlohmann::json();
  for (const auto& [key, value] : was.items()) {
    require(is.contains(key) || (moved.contains("otherKeys") && moved["otherKeys"].contains(key)),
            "no key is lost");
  }
  return 0;
}
