// Start here. A client takes events, keeps those that the catalog and the user's
// consent allow in a crash-safe spool, and has them uploaded. It never throws, blocks
// on the network or crashes its host, and prints two things only, on standard error:
// the consent notice, once; and under PREFIX_TELEMETRY_DEBUG each event or why it was
// rejected. Then none is kept, whether telemetry is on or off.
//
//   auto telemetry = candor::Client::open(
//       {.catalog = "acme.telemetry.jsonc", .product_version = "1.2.3"});
//   auto outcome = telemetry->emit("plan_completed", {{"outcome", "ok"}, {"durationMs", 25.4}});
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "candor/event.h"
#include "candor/export.h"
#include "candor/ledger.h"
#include "candor/options.h"
#include "candor/outcome.h"
#include "candor/status.h"

namespace candor {

// What one emit may say beside its fields.
struct EmitOptions {
  // When the event happened, milliseconds since 1970 UTC; now when absent.
  // Years 1970 to 9999.
  std::optional<std::int64_t> timestamp_ms;
  // A lower-case UUID for the event instead of a new UUIDv7. An event that is
  // emitted twice under one uuid is stored twice and counted once by the server.
  std::optional<std::string_view> uuid;
  // Puts the event's uuid into the outcome, e.g. for a log line. Allocates.
  bool return_uuid = false;
  // Who the event is about, instead of the client's distinct id. 1 to 200 bytes of UTF-8;
  // otherwise the event is rejected: bad_pattern (empty), too_long or invalid_utf8.
  std::optional<std::string_view> distinct_id;
  // The directory of the user's project that the event is about, instead of the client's; sent only
  // as a salted hash. Costs a system call for each component of the path: a daemon that serves
  // several projects asks project_id() once and gives that.
  std::string_view project_dir;
  // What project_id() answered; wins over project_dir. Empty: not given.
  std::string_view project_id;
  // For bindings: which of these was given in a type that it can't hold. The event is rejected.
  std::string_view wrong_type;
};

// What a flush did.
struct FlushResult {
  bool complete = false;        // nothing is left that may be sent
  std::uint64_t delivered = 0;  // events that this process delivered since the call
  std::uint64_t refused = 0;    // events that the server refused for good since the call
  std::uint64_t waiting = 0;    // events that wait now
  std::string why;              // why events wait or were refused, as text for people; may be empty

  [[nodiscard]] explicit operator bool() const noexcept { return complete; }
};

class CANDOR_EXPORT Client {
 public:
  // Opens a client; never null, never throws. When something is wrong (an
  // unreadable catalog, say) the client is disabled and status().problem says
  // why. Reads the catalog and the identity file; mints the identity and shows
  // the notice on a first run. Opens no socket and starts no process.
  [[nodiscard]] static std::unique_ptr<Client> open(Options options) noexcept;

  // Same as close(0).
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Hands over one event. Any thread; returns within microseconds and does not
  // allocate when the event is accepted (and is no larger than a few kilobytes).
  // After a fork the child's client goes on with a segment of its own.
  // In a signal handler: an event is `dropped` as `interrupted`, and counted, when the handler
  // interrupted the library on the same thread. Otherwise what holds for malloc holds for emit,
  // and no other method may be called there.
  Outcome emit(std::string_view event, std::initializer_list<Field> fields = {},
               const EmitOptions& options = {}) noexcept {
    return emit(event, std::span<const Field>(fields.begin(), fields.size()), options);
  }
  Outcome emit(std::string_view event, std::span<const Field> fields,
               const EmitOptions& options = {}) noexcept;

  // Encodes without keeping: `bytes` receives the event's canonical bytes when
  // the outcome is accepted. Works when telemetry is off; writes nothing.
  Outcome encode(std::string_view event, std::span<const Field> fields, std::string& bytes,
                 const EmitOptions& options = {}) noexcept;

  // Uploads what is in the spool, in a thread, and waits for it at most
  // `timeout`. Complete when nothing is left that may be sent, which events that the server
  // refused are not; never complete after close, and where the home can't be written.
  FlushResult flush(std::chrono::milliseconds timeout) noexcept;

  // Ends the client; emits after it are `disabled`. With a timeout it flushes
  // first; events that could not be sent wait in the spool for the next run.
  // Idempotent.
  void close(std::chrono::milliseconds timeout = std::chrono::milliseconds{0}) noexcept;

  // Reads consent anew and explains it.
  [[nodiscard]] Status status() const;

  // Writes the user's choice to the identity file and answers what holds now, as status() does: a
  // rule above the file may still decide, and `problem` says why a choice could not be written.
  // disable() also deletes what waits, of all processes; `problem` names what could not be deleted.
  // Neither changes anything in a home that is another user's. Heeded by this client at once, by
  // other processes within a second. Waits at most a second for another process that writes the
  // file.
  Status enable() { return choose(true); }
  Status disable() { return choose(false); }

  // The ledger of this spool, over all processes and since its beginning. Reads every segment:
  // milliseconds, on a spool near its limit many. Writes nothing.
  [[nodiscard]] Ledger stats() const;

  // The id that events of the project in `directory` are sent under, for EmitOptions::project_id:
  // 64 characters of lower-case hex. Empty while telemetry is off, because the install id is its
  // salt. Every symlink on the way is followed; a directory that doesn't exist has an id, too.
  [[nodiscard]] std::string project_id(std::string_view directory);

  // True in the one process that minted this install's identity.
  [[nodiscard]] bool first_run() const noexcept;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl>) noexcept;
  Status choose(bool enabled);
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor
