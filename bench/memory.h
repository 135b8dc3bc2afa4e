// The memory of this process, as Linux counts it.
#pragma once

#include <cstdio>
#include <cstring>

namespace candor::bench {

// Resident now and at the most so far, as JSON. (The peak that wait4 tells is the parent's
// until exec, so a process has to ask for itself.)
inline void print_memory() {
  long now_kib = 0;
  long peak_kib = 0;
  char line[256];
  if (std::FILE* const status = std::fopen("/proc/self/status", "r")) {
    while (std::fgets(line, sizeof line, status) != nullptr) {
      std::sscanf(line, "VmRSS: %ld", &now_kib);
      std::sscanf(line, "VmHWM: %ld", &peak_kib);
    }
    std::fclose(status);
  }
  std::printf("{\"now_kib\":%ld,\"peak_kib\":%ld}\n", now_kib, peak_kib);
  std::fflush(stdout);
}

}  // namespace candor::bench
