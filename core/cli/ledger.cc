#include "ledger.h"

#include "candor/outcome.h"
#include "spool/spool.h"

namespace candor::cli {

Ledger ledger(const std::string& spool_dir) {
  Ledger sum;
  if (spool_dir.empty()) return sum;
  const spool::Tally tally = spool::tally(spool_dir);
  sum.bytes = tally.bytes;
  constexpr auto kFirstReason = static_cast<std::size_t>(Reason::spool_full);
  for (const auto& [label, counts] : tally.labels) {
    sum.pending += counts[spool::kPending];
    sum.delivered += counts[spool::kDelivered];
    for (std::size_t i = spool::kDelivered + 1; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      if (i < kFirstReason) {
        sum.rejected[name(static_cast<Code>(i))] += counts[i];
      } else {
        sum.dropped[name(static_cast<Reason>(i))] += counts[i];
      }
    }
  }
  return sum;
}

}  // namespace candor::cli
