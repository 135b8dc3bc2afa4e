#include "upload/state.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "upload/json.h"

namespace candor::upload {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kFingerprintBytes = 16;

std::string path_in(const std::string& spool_dir) { return spool_dir + "/" + kStateFile; }

}  // namespace

std::string fingerprint(const sink::Config& sink) {
  return sha256_hex(sink.type + "\n" + sink.host + "\n" + sink.project_key + "\n" + sink.protocol)
      .substr(0, kFingerprintBytes);
}

State read_state(const std::string& spool_dir, std::string_view fingerprint) {
  const Expected<std::string> text = file::read_own(path_in(spool_dir), kStateBytesMax);
  if (!text) return {};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || text_at(json, "sink") != fingerprint) return {};
  const auto time = [&](const char* key) {
    return number_at<std::int64_t>(json, key, 0, 0, kUnixMsMax);
  };
  const auto count = [&](const char* key) {
    return number_at<std::uint32_t>(json, key, 0, 0, UINT32_MAX);
  };
  const auto bytes = [&](const char* key) {
    return number_at<std::size_t>(json, key, 0, 0, INT32_MAX);
  };
  State state;
  state.not_before_ms = time("not_before_ms");
  state.backoff_ms = time("backoff_ms");
  state.failures = count("failures");
  state.refusals = count("refusals");
  state.split_bytes = bytes("split_bytes");
  state.split_ms = time("split_ms");
  state.slow_bytes = bytes("slow_bytes");
  state.paused = flag_at(json, "paused");
  state.problem = text_at(json, "problem");
  return state;
}

Done write_state(const std::string& spool_dir, std::string_view fingerprint, const State& state) {
  const Json json = {{"sink", fingerprint},
                     {"not_before_ms", state.not_before_ms},
                     {"backoff_ms", state.backoff_ms},
                     {"failures", state.failures},
                     {"refusals", state.refusals},
                     {"split_bytes", state.split_bytes},
                     {"split_ms", state.split_ms},
                     {"slow_bytes", state.slow_bytes},
                     {"paused", state.paused},
                     {"problem", state.problem}};
  return file::write_atomic(path_in(spool_dir), to_text(json, 2) + "\n");
}

}  // namespace candor::upload
