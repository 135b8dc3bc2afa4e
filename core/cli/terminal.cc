#include "terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace candor::cli {

namespace {
constexpr std::size_t kPrintableBytesMax = 128;
}

void out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool flush_out() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

void err(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void complain(std::string_view text) {
  // One write, so that the lines of processes that share a terminal don't mix.
  std::string line = "candor: ";
  line += text;
  line += '\n';
  err(line);
}

int fail(const Error& error) {
  complain(error.text);
  return kFailed;
}

int misuse(std::string_view text) {
  complain(text);
  return kUsage;
}

bool is_terminal(Stream stream) {
  return isatty(stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

Colours colours(Stream stream) {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  const bool plain = (no_color != nullptr && *no_color != '\0') ||
                     (term != nullptr && std::string_view(term) == "dumb");
  if (plain || !is_terminal(stream)) return {};
  return {.bold = "\033[1m",
          .red = "\033[31m",
          .yellow = "\033[33m",
          .green = "\033[32m",
          .dim = "\033[2m",
          .off = "\033[0m"};
}

std::string printable(std::string_view text) {
  std::string safe = utf8_repaired(text);
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  if (safe.size() <= kPrintableBytesMax) return safe;
  return std::string(utf8_prefix(safe, kPrintableBytesMax)) + "...";
}

std::string counted(unsigned long long count, std::string_view noun) {
  std::string text = std::to_string(count);
  text += ' ';
  text += noun;
  if (count != 1) text += 's';
  return text;
}

}  // namespace candor::cli
