// What an uploader is told: everything it needs, so that it can live in another
// library or another process. Travels as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "consent/consent.h"
#include "sink/sink.h"

namespace candor::upload {

struct Job {
  std::string spool_dir;
  consent::Terms consent;
  std::vector<sink::Config> sinks;  // the first is where events go
  std::uint32_t flush_interval_ms = 10'000;
  std::uint32_t max_retries = 3;
  std::uint32_t request_timeout_ms = 10'000;
  std::string compression = "gzip";  // none | gzip | zstd
  std::uint32_t batch_events_max = 2000;
  std::uint32_t batch_bytes_max = 4u << 20;
};

// How long a detached uploader stays for the events of later runs, at most: for as long no other
// one is started.
inline constexpr std::uint32_t kStayMsMax = 60'000;

[[nodiscard]] std::string to_json(const Job& job);
[[nodiscard]] Expected<Job> parse_job(std::string_view json);

}  // namespace candor::upload
