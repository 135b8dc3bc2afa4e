// A destination and its wire format. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/record.h"

namespace candor::sink {

struct Config {
  std::string type = "posthog";
  std::string host;  // https://us.i.posthog.com, without a path
  std::string project_key;
  std::string protocol = "v0";
  bool geoip = false;
  bool person_profiles = false;
  bool server = false;      // the events are a server's
  bool plain_http = false;  // to any host, not to this machine alone: the user named it
};

// What stays the same while one batch is tried again.
struct Attempt {
  std::uint32_t number = 1;  // from 1
  std::string request_id;    // a UUID, kept across attempts of the same batch
  std::int64_t unix_ms = 0;  // now
};

struct Encoded {
  std::string path;  // "/batch/"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // before compression
};

enum class Verdict : std::uint8_t { delivered, retry, refused, oversize };

struct Answer {
  enum class Kind : std::uint8_t {
    settled,    // `events` holds a verdict for each
    retry,      // the whole batch again, later
    too_large,  // 413: split; a single event is oversize
    bad_batch,  // 400 and the like: one of the events may be the cause
    paused,     // 401, 403: keep everything, tell the user
  };
  Kind kind = Kind::settled;
  std::vector<Verdict> events;
  std::string explanation;  // for `status`; never the server's own text
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Whether a body may be sent with this Content-Encoding: gzip, zstd.
  [[nodiscard]] virtual bool accepts(std::string_view coding) const = 0;
  [[nodiscard]] virtual Encoded encode(std::span<const event::Record> events,
                                       const Attempt& attempt) const = 0;
  // What an HTTP answer means for the events of the batch. `status` is 100..599.
  [[nodiscard]] virtual Answer classify(int status, std::string_view body,
                                        std::span<const event::Record> events) const = 0;
};

// The event's uuid, out of its canonical bytes; empty when they hold none. A batch
// must not hold the same one twice.
[[nodiscard]] std::string_view uuid_of(const event::Record& event) noexcept;

[[nodiscard]] std::unique_ptr<Sink> make_posthog(const Config& config);
// By type; null when unknown.
[[nodiscard]] std::unique_ptr<Sink> make(const Config& config);

}  // namespace candor::sink
