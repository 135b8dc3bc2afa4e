// Events as JSON lines on standard input:
//   {"event": NAME, "fields": {..}, "timestamp": TIME, "uuid": UUID, "distinct_id": TEXT,
//    "project_dir": DIR, "project_id": HASH}
// All but the first may be absent.
#pragma once

#include <cstddef>

#include "candor/client.h"
#include "emitter.h"

namespace candor::cli {

// A longer line is rejected as too_large without being read. Far more than any event that can be
// accepted, so that the usual line is told which of its fields is at fault.
inline constexpr std::size_t kLineBytesMax = std::size_t{32} << 20;

// Emits each line until the input ends. Answers are handed over before it waits
// for more input, because whoever writes the lines may be waiting for them.
// Returns what the process exits with.
int emit_lines(Emitter& emitter, const EmitOptions& defaults);

}  // namespace candor::cli
