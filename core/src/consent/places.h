// Whether this process may use the files of a home: whose they are, and whether they can be
// written. Looks only; writes nothing.
#pragma once

#include <cstdint>
#include <string>

namespace candor::consent {

struct Places {
  std::string user_home;  // HOME; may be empty
  std::string home;       // the product's
  std::string spool_dir;  // empty: not asked about
};

// Why the home is not this process's to use, naming the directory; empty when it is. It is not
// when HOME (where the product's home lies in it), the product's home or the spool belongs to
// another user than the effective one. Where the product's home does not exist yet, the nearest
// directory above it counts, which may also be root's.
[[nodiscard]] std::string foreign(const Places& places);

// Why nothing can be kept, naming the directory; empty when it can. `write_home`: the identity
// file has to be written too. Where a directory doesn't exist yet, the nearest above it counts.
[[nodiscard]] std::string unwritable(const Places& places, bool write_home);

// Changes when one of the answers does, to be compared while a process runs.
[[nodiscard]] std::uint64_t fingerprint(const Places& places);

}  // namespace candor::consent
