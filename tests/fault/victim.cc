// A program that emits and dies. The fault suite runs it as real processes.
//
//   candor-victim CATALOG HOME FIRST COUNT THREADS [bytes]
//
// Emits the numbers FIRST.. FIRST + COUNT * THREADS - 1, COUNT in each thread, and after each
// accepted one writes its four bytes to standard output: what stands there was acknowledged. Then
// waits to be killed, or ends when standard input does. `bytes` pads the events.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "candor/client.h"

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  candor::Options options;
  options.catalog = argv[1];
  options.home = argv[2];
  options.policy_file = "";
  options.delivery = candor::Delivery::manual;
  if (const char* bytes = std::getenv("VICTIM_SPOOL_BYTES_MAX")) {
    options.spool_bytes_max = std::strtoull(bytes, nullptr, 10);
  }
  const auto first = static_cast<std::uint32_t>(std::atol(argv[3]));
  const auto count = static_cast<std::uint32_t>(std::atol(argv[4]));
  const auto threads = static_cast<std::uint32_t>(std::atol(argv[5]));
  const std::string padding(argc > 6 ? static_cast<std::size_t>(std::atol(argv[6])) : 0, 'x');

  const auto client = candor::Client::open(options);
  std::vector<std::thread> writers;
  for (std::uint32_t t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t number = first + t * count + i;
        if (client->emit("numbered", {{"number", number}, {"padding", padding}})) {
          if (::write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) < 0 ? 1 : 0;
}
