// How a client is opened. Only `catalog` (or `catalog_text`) is required;
// every other member has the default that suits a command line and a daemon alike.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct candor_upload_api;

namespace candor {

enum class Delivery : std::uint8_t {
  automatic,   // background once the process outlives flush_interval_ms, else detached;
               // `auto` in Python and on the command line
  background,  // a thread of this process, started with the first event
  detached,    // a separate `candor` process, at most one per interval on this machine
  manual,      // only flush() uploads
};

enum class Compression : std::uint8_t { none, gzip, zstd };

// A value for an envelope source: text, boolean or number.
using SourceValue = std::variant<std::string, bool, std::int64_t, double>;

struct Options {
  // The catalog: a file's path, or its text (e.g. embedded in the program).
  // `catalog_text` wins when both are given.
  std::string catalog;
  std::string catalog_text;

  // Envelope sources. `runtime` is what an event's `runtimes` names: cpp, python, node.
  std::string product_version;
  std::string runtime = "cpp";
  std::string runtime_version;
  // Values for `host.NAME` sources, by the source's whole name ("host.region").
  // Any other source may be overridden the same way ("os.platform").
  std::map<std::string, SourceValue, std::less<>> sources;

  // What consent, home and endpoint go by; the process's own environment when absent, as it is
  // when the client is opened. For hosts whose environment is not the C library's.
  std::optional<std::map<std::string, std::string, std::less<>>> environment;

  // Replaces the catalog's product.home; "~" is expanded.
  std::string home;
  // Replaces the install id as the sender of every event. 1 to 200 bytes of UTF-8.
  std::string distinct_id;
  // The directory of the user's project; sent only as a salted hash (group `project`).
  std::string project_dir;
  // What this program knows to be secret: its keys, its user's password. Taken out of every
  // diagnostic text, also URL-encoded, escaped as in JSON or in base64. At most 64, of 8 to 4,096
  // bytes of UTF-8; another is refused with a line in the log, for a secret of one letter would
  // erase all text. Kept in this process's memory only.
  std::vector<std::string> secrets;
  // Machine-wide consent set by an administrator.
  std::string policy_file = "/etc/candor/policy.json";

  Delivery delivery = Delivery::automatic;
  // Upload when this many events were emitted since the last upload, or so much time passed.
  std::uint32_t flush_at = 100;
  std::uint32_t flush_interval_ms = 10'000;
  // Requests beyond the first in one flush.
  std::uint32_t max_retries = 3;
  std::uint32_t request_timeout_ms = 10'000;
  Compression compression = Compression::gzip;

  // The spool's limits, enforced when a segment is added; the oldest events go first.
  std::uint64_t spool_bytes_max = 64ull << 20;
  std::uint32_t spool_files_max = 256;
  std::uint32_t spool_age_max_days = 30;

  // The upload part, when it is linked in: &candor_upload. When null,
  // `upload_library` is loaded the first time an uploader starts; when that is
  // empty too, it is looked for in three places: beside the file that holds this code, in that
  // directory's sibling `lib` (PREFIX/bin and PREFIX/lib), and where candor was built to be
  // installed. Nothing is loaded that anybody but root, this user or the owner of this code could
  // have put there; what is named is not asked about.
  const candor_upload_api* uploader = nullptr;
  std::string upload_library;
  // The `candor` program that a detached uploader runs. When empty, it is looked for by the same
  // rule, in the sibling `bin`.
  std::string uploader_program;

  // Hears of misuse (one line per event and code; sources that the catalog does not have, or that
  // it needs) and of trouble with files and with the upload part. Called on the thread that caused
  // it; must not throw. Never receives a value.
  std::function<void(std::string_view line)> log;

  // For tests: accepted events go to this function as canonical bytes, and
  // identity, consent, spool and network are not used at all.
  std::function<void(std::string_view event)> capture;
  // As `capture`, which it replaces, with who the event is about as well: the distinct id that the
  // call or the client was given, empty when neither was, for a test has no install id; and the
  // project, empty when there is none (its hash is salted with the nil UUID).
  std::function<void(std::string_view event, std::string_view distinct_id,
                     std::string_view project)>
      capture_sender;

  // Run around whatever part of emit may wait for the disk or for standard error, so that a binding
  // can release its interpreter lock there: an emit that runs neither waits for nothing. Both or
  // neither; on the emitting thread, never one pair within another. What emit was given must stay
  // as it is meanwhile, whatever other threads do.
  std::function<void()> before_wait;
  std::function<void()> after_wait;
};

}  // namespace candor
