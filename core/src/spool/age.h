// Which segments have waited too long. A wrong clock must cost no events, so the age is judged by
// more than one look at one clock; docs/spool-format.md states the rule.
#pragma once

#include <cstdint>
#include <string>

#include "spool/bury.h"
#include "spool/spool.h"

namespace candor::spool {

// Before 2025 no segment was ever made: a clock that says so has not been set.
inline constexpr std::int64_t kPlausibleMs = 1'735'689'600'000;
// The file that says since when segments seem too old.
inline constexpr char kAgedFile[] = "aged";
// The part of the age limit for which that must hold before they are buried.
inline constexpr std::int64_t kAgedParts = 30;

// Buries the segments of the inventory that are older than the limit, as far as that is certain.
void bury_too_old(Inventory& inventory, const std::string& dir, std::int64_t age_max_ms,
                  const Clock& clock, Files files);

}  // namespace candor::spool
