// The ledger of a spool, in the words of the public headers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace candor::cli {

struct Ledger {
  std::uint64_t pending = 0;
  std::uint64_t delivered = 0;
  std::map<std::string_view, std::uint64_t> dropped;   // by Reason; those that happened
  std::map<std::string_view, std::uint64_t> rejected;  // by Code
  std::uint64_t bytes = 0;                             // of the spool on disk
};

// All zero when there is no spool.
[[nodiscard]] Ledger ledger(const std::string& spool_dir);

}  // namespace candor::cli
