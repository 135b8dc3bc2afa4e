// The spools of one home. Each catalog has a spool of its own, and so has each version of the
// format: HOME/telemetry-spool/CATALOG.VERSION. Consent belongs to the home and so to all of them.
#pragma once

#include <string>
#include <string_view>

#include "spool/spool.h"

namespace candor::spool {

// Where the spool of a catalog is, in the format of this version.
[[nodiscard]] std::string directory_in(const std::string& home, std::string_view catalog);

// Empties every spool of the home because the user opted out. Segments of this format are purged
// and counted (see purge); of other formats, which this version can't count, the files are marked
// as purged and removed.
Purge purge_home(const std::string& home, Files files = {});

// The same when the user opts out here and now: before a spool is emptied, its upload ends (see
// withdraw), for all spools within `wait_ms`. Answers the worst of what became of the uploads.
Halt withdraw_home(const std::string& home, std::int64_t wait_ms, Purge& purged, Files files = {});

}  // namespace candor::spool
