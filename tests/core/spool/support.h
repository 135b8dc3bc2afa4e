// Helpers of the spool's tests.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "spool/spool.h"
#include "support/temp_dir.h"

namespace candor::spool {

inline std::vector<std::string> pending(const std::string& dir) {
  std::vector<std::string> payloads;
  for_each_pending(dir, [&](std::string_view payload) { payloads.emplace_back(payload); });
  return payloads;
}

inline std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// Everything that was ever captured, over all labels.
inline std::uint64_t captured(const std::string& dir) {
  std::uint64_t n = 0;
  for (const auto& [label, counts] : tally(dir).labels) n += sum(counts);
  return n;
}

inline std::uint64_t counted(const std::string& dir, Counter counter) {
  std::uint64_t n = 0;
  for (const auto& [label, counts] : tally(dir).labels) n += counts[counter];
  return n;
}

inline std::vector<std::string> files(const std::string& dir, const std::string& ending) {
  std::vector<std::string> found;
  if (!std::filesystem::exists(dir)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ending) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spit(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline Limits small_segments() { return {.segment_bytes = 128u << 10}; }

}  // namespace candor::spool
