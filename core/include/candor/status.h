// Consent, explained.
#pragma once

#include <cstdint>
#include <string>

namespace candor {

struct Status {
  bool enabled = false;
  // The rule that decided, stable for programs: "env_disabled", "file_enabled", ...
  // docs/consent.md lists them all.
  std::string rule;
  // The same as a sentence for people: "Telemetry is off because DO_NOT_TRACK is set."
  std::string explanation;
  std::string install_id;     // empty when there is none
  std::string identity_file;  // where consent and identity live
  std::string spool_dir;      // where accepted events wait
  std::string endpoint;       // where they go; *** for what may be secret in it
  // They go there readable on their way: plain http, to another machine. Only what
  // PREFIX_TELEMETRY_ENDPOINT names may be such a place.
  bool endpoint_insecure = false;
  bool notice_shown = false;
  // Answered by disable() alone: what became of an upload that was under way. "idle": none was;
  // "stopped": it ended before anything of a request was written; "sent": it ended, but the server
  // may have read what was written; "running": it did not end within a second. Else empty.
  std::string upload;
  // Why the client could not be opened as asked, its home could not be written, a choice could not
  // be kept or what waits not be deleted; empty when all went well.
  std::string problem;
};

}  // namespace candor
