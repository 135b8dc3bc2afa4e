// What moves a spool's records to their sink: peek, encode, compress, send, settle. A plain
// object without a thread; entry.cc runs one in the background, a detached process runs
// one until its deadline.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "consent/consent.h"
#include "sink/sink.h"
#include "transport/transport.h"
#include "upload/compress.h"
#include "upload/job.h"

namespace candor::upload {

struct RunOptions {
  // When the run ends whatever happens, in steady time. A request under way is
  // cut short, and its events are sent again by a later run.
  std::int64_t deadline_ms = 0;
  // A user waits for it: passes our own back-off, though never the server's Retry-After.
  bool asked = false;
  // How long to wait for another process that is uploading this spool, in steady time.
  std::int64_t busy_until_ms = 0;
};

struct RunResult {
  enum class End : std::uint8_t {
    drained,      // nothing is pending
    out_of_time,  // more is pending, and nothing speaks against going on
    backing_off,  // a try failed, now or before; not before `retry_at_ms`
    busy,         // another process is uploading this spool
    disabled,     // consent is off; what was withdrawn is deleted
    held,         // the user has not seen the notice yet
    cancelled,
  };
  End end = End::drained;
  std::int64_t retry_at_ms = 0;  // unix time, when backing off
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;  // by the server, for good
  std::uint64_t dropped = 0;  // for any other reason
  std::uint32_t requests = 0;
  // Why events wait or were refused, as a sentence for people; empty when neither is so.
  std::string why;
};

// What an uploader is made of; a test puts in its own.
struct Parts {
  std::unique_ptr<sink::Sink> sink;
  std::unique_ptr<transport::Transport> transport;
  consent::Signals signals;  // read once: a getenv later would race with the host's setenv
  std::function<std::int64_t()> unix_ms;
  std::function<std::uint64_t()> random;
  // Sleeps so many ms, or until cancelled. Null: for real.
  std::function<void(std::int64_t)> sleep;
};

class Uploader {
 public:
  // Uploads to the first sink of the job.
  explicit Uploader(Job job);
  Uploader(Job job, Parts parts);
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Uploads until nothing is pending, or something ends it. One thread at a time.
  [[nodiscard]] RunResult run(const RunOptions& options);
  // Makes the run under way, and all later ones, end within milliseconds. Any thread.
  void cancel() noexcept;

 private:
  class Run;
  // Until cancelled, at most. False when `may_go_on`, asked now and then, says no.
  bool sleep(std::int64_t ms, const std::function<bool()>& may_go_on);

  const Job job_;
  Parts parts_;
  const std::string fingerprint_;
  const Coding coding_;
  Compressor compressor_;
  std::mutex mutex_;
  std::condition_variable cancel_signal_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace candor::upload
