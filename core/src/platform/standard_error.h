// Standard error, for the little that is said there. Descriptor 2 is whatever its number says:
// after a host closed its standard error, the next file that it opens.
#pragma once

#include <string_view>

namespace candor {

enum class Wanted : unsigned char {
  no,   // a pipe or terminal that takes nothing at this moment is left alone
  yes,  // a developer asked for it: waits, and any regular file will do
};

// Writes all of `text`, or answers false. Nothing is written unless descriptor 2 is one of
//   a terminal or another character device, such as /dev/null
//   a pipe
//   a socket of this machine (Unix domain)
//   a regular file that is open for writing alone, and appends or stands at its end, as the
//   files are to which a shell redirects
// and was inherited: one with the close-on-exec flag can't have been. Raises no SIGPIPE.
bool write_to_standard_error(std::string_view text, Wanted wanted) noexcept;

// Whether it is a terminal.
[[nodiscard]] bool standard_error_is_terminal() noexcept;

}  // namespace candor
