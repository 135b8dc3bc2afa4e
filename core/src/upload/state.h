// upload-state.json: what the policy remembers between flushes and processes, beside
// the spool's segments.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/sink.h"
#include "upload/policy.h"

namespace candor::upload {

inline constexpr char kStateFile[] = "upload-state.json";
inline constexpr std::size_t kStateBytesMax = 16 * 1024;

// Which server and key a state is about. Another one starts afresh: a mended key
// must not wait for the pause that the wrong one earned.
[[nodiscard]] std::string fingerprint(const sink::Config& sink);

// The state that `spool_dir` holds for that sink; a fresh one when it holds none
// that can be understood.
[[nodiscard]] State read_state(const std::string& spool_dir, std::string_view fingerprint);
[[nodiscard]] Done write_state(const std::string& spool_dir, std::string_view fingerprint,
                               const State& state);

}  // namespace candor::upload
