// Events as JSON lines on standard input:
//   {"event": NAME, "fields": {..}, "timestamp": TIME, "uuid": UUID, "distinct_id": TEXT}
// All but the first may be absent.
#pragma once

#include "candor/client.h"
#include "emitter.h"

namespace candor::cli {

// A longer line is rejected as too_large: the largest event, each of its bytes as \uXXXX.
inline constexpr std::size_t kLineBytesMax = 6 * kEventBytesMax;

// Emits each line until the input ends. Answers are handed over before it waits
// for more input, because whoever writes the lines may be waiting for them.
// Returns what the process exits with.
int emit_lines(Emitter& emitter, const EmitOptions& defaults);

}  // namespace candor::cli
