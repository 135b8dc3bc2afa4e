// The event that every measure emits, eight fields of the ktx catalog, and a client for it.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "candor/client.h"

namespace candor::bench {

inline Outcome emit_scan(Client& client, int i) noexcept {
  return client.emit("scan_completed", {{"driver", "postgres"},
                                        {"tableCount", i % 100},
                                        {"columnCount", i},
                                        {"inferredFkCount", 3},
                                        {"declaredFkCount", 4},
                                        {"durationMs", 12.5 + i % 7},
                                        {"outcome", "error"},
                                        {"errorClass", "TimeoutError"}});
}

// A product as it would open its client, with its home in $HOME/.ktx. An installed one finds
// by itself what CANDOR_BIN and CANDOR_UPLOAD_LIBRARY name here.
inline Options product() {
  Options options;
  options.catalog = CANDOR_SOURCE_DIR "/schema/ktx.telemetry.jsonc";
  options.product_version = "1.2.3";
  options.sources = {{"host.nodeVersion", std::string("22.1.0")}};
  if (const char* const path = std::getenv("CANDOR_BIN")) options.uploader_program = path;
  if (const char* const path = std::getenv("CANDOR_UPLOAD_LIBRARY")) options.upload_library = path;
  return options;
}

}  // namespace candor::bench
