// What redaction costs: nanoseconds, megabytes a second, and how many copies of the same bytes
// (memcpy) it takes as long as. Clean texts as programs print them, and those made to be slow.
#include "redact/redact.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace candor::redact {
namespace {

// Nanoseconds that this thread has worked: other programs of the machine count less.
double now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

constexpr std::size_t kMegabyte = 1'000'000;

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  text.resize(bytes);
  return text;
}

// The fastest of several rounds, in nanoseconds a call.
template <typename Work>
double measure(std::size_t bytes, Work work) {
  const std::size_t calls = std::max<std::size_t>(1, 2 * kMegabyte / bytes);
  double best = 1e18;
  for (int round = 0; round < 7; ++round) {
    const double start = now();
    for (std::size_t call = 0; call < calls; ++call) work();
    best = std::min(best, (now() - start) / static_cast<double>(calls));
  }
  return best;
}

void keep(const void* value) noexcept { asm volatile("" : : "g"(value) : "memory"); }

void row(const char* name, const std::string& text, const Redactor& redactor, bool whole) {
  std::string copy(text.size(), ' ');
  const double copied = measure(text.size(), [&] {
    std::memcpy(copy.data(), text.data(), text.size());
    keep(copy.data());
  });
  const double taken = measure(text.size(), [&] {
    if (whole) {
      keep(redactor.text(text, text.size()).data());
    } else {
      const bool clean = redactor.is_clean(text);
      keep(&clean);
    }
  });
  std::printf("%-34s %9zu B %12.0f ns %8.0f MB/s %8.1f x memcpy\n", name, text.size(), taken,
              static_cast<double>(text.size()) / taken * 1000, taken / copied);
}

// What tempts every detector.
constexpr std::string_view kPieces[] = {"password",    "=",           ":",
                                        "://",         "@",           ".com",
                                        "/home/",      "\\Users\\",   "a",
                                        "Zz9",         " ",           "\n",
                                        "\"",          "'",           "\\",
                                        "[",           "{",           "-",
                                        "--",          "sk-",         "eyJ",
                                        "0f3a9c",      "%40",         "%2F",
                                        "%3D",         "Bearer ",     "<",
                                        "token: ",     "[redacted]",  "cookie=",
                                        "-----BEGIN ", "$2b$",        "name: token ",
                                        "a.b",         "&a",          ",",
                                        "password=\"", "password:\n", "authorization:\n ",
                                        "<password>",  "--token ",    "-u a:",
                                        "thin:a/",     "login a ",    "password: [",
                                        "password: {", "a: b ",       "ACME_A=1 ",
                                        "password=a ", "a@b.co "};

int run() {
  const std::string prose =
      "FileNotFoundError: [Errno 2] No such file or directory: 'models/orders.yaml' (line 12, in "
      "load) while the plan was being compiled; see the documentation for more.\n";
  const std::string json =
      R"({"level":"warn","time":1767323045678,"event":"plan_completed","stage":"parse","n":12},)";
  const std::string stack = "    at Object.load (node_modules/tool/dist/index.js:12:34)\n";
  const Redactor plain("ACME", nullptr);

  std::puts("clean text, looked at once (every diagnostic field of every event)");
  row("prose, 100 bytes", repeated(prose, 100), plain, false);
  row("prose, 1 KB", repeated(prose, 1000), plain, false);
  row("prose, 1 MB", repeated(prose, kMegabyte), plain, false);
  row("JSON, 1 MB", repeated(json, kMegabyte), plain, false);
  row("stack trace, 1 MB", repeated(stack, kMegabyte), plain, false);

  for (const std::size_t count : {1u, 64u}) {
    auto literals = std::make_shared<Literals>();
    for (std::size_t i = 0; i < count; ++i) {
      static_cast<void>(literals->add("secret-number-" + std::to_string(i) + "-of-the-host"));
    }
    literals->prepare();
    const Redactor with("ACME", literals);
    row(count == 1 ? "prose, 1 MB, 1 secret" : "prose, 1 MB, 64 secrets",
        repeated(prose, kMegabyte), with, false);
  }

  std::puts("redacted");
  row("1 KB with three secrets",
      repeated(prose, 400) + "password=hunter2 " + repeated(prose, 400) +
          " ada@example.com token: abcdef /home/ada/x " + repeated(prose, 150),
      plain, true);
  struct Slow {
    double ms;
    std::string piece;
  };
  std::vector<Slow> slowest;
  for (const std::string_view piece : kPieces) {
    for (const std::string_view other : {"", "@", "\\", "=", "/", ":", "\n", "'"}) {
      const std::string text = repeated(std::string(piece) + std::string(other), kMegabyte);
      const double start = now();
      keep(plain.text(text, text.size()).data());
      slowest.push_back({(now() - start) / 1e6, text.substr(0, piece.size() + other.size())});
    }
  }
  std::sort(slowest.begin(), slowest.end(),
            [](const Slow& a, const Slow& b) { return a.ms > b.ms; });
  std::printf("the slowest of %zu made-up megabytes\n", slowest.size());
  for (std::size_t i = 0; i < 5; ++i) {
    std::replace(slowest[i].piece.begin(), slowest[i].piece.end(), '\n', '~');
    std::printf("  %6.1f ms of %s\n", slowest[i].ms, slowest[i].piece.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace candor::redact

int main() { return candor::redact::run(); }
