// What the command says: results on standard output, everything else on
// standard error, colour on a terminal only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace candor::cli {

// What every subcommand returns to the shell.
enum Exit : int {
  kDone = 0,    // also when telemetry is off
  kFailed = 1,  // the thing asked for failed
  kUsage = 2,   // wrong arguments, or an event that was rejected
};

// Standard output, unchanged bytes.
void out(std::string_view text);
// Hands over what was written. False when it could not be (a full disk).
[[nodiscard]] bool flush_out();
// Standard error.
void err(std::string_view text);
// "candor: TEXT" and a newline on standard error.
void complain(std::string_view text);
// The same, and what the process exits with then.
[[nodiscard]] int fail(const Error& error);       // kFailed
[[nodiscard]] int misuse(std::string_view text);  // kUsage

enum class Stream { out, err };
[[nodiscard]] bool is_terminal(Stream stream);

// A terminal's codes, or empty strings when the stream is no terminal or NO_COLOR is set.
struct Colours {
  const char* bold = "";
  const char* red = "";
  const char* yellow = "";
  const char* green = "";
  const char* dim = "";
  const char* off = "";
};
[[nodiscard]] Colours colours(Stream stream);

// Text that a caller typed, safe to repeat: UTF-8, no control characters, cut short.
[[nodiscard]] std::string printable(std::string_view text);
// "1 event", "3 events".
[[nodiscard]] std::string counted(unsigned long long count, std::string_view noun);

}  // namespace candor::cli
