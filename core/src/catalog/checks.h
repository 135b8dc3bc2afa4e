// The rules that look at a whole catalog, beside those that reading it enforces.
#pragma once

#include <string_view>

#include "catalog/catalog.h"
#include "catalog/report.h"

namespace candor::catalog {

struct Checked {
  const Catalog& catalog;
  std::string_view today;  // YYYY-MM-DD
  Report& report;
};

// Runs those rules: all of them, or only the ones that find errors.
void run_checks(const Checked& checked, bool errors_only);

// In checks.cc; rules.cc says which rule each one is.
void repeats_envelope(const Checked&);
void similar_names(const Checked&);
void unit_in_name(const Checked&);
void sensitive_name(const Checked&);
void inconsistent_field(const Checked&);
void expired_event(const Checked&);
void unused_map_entry(const Checked&);
void unmapped_runtime(const Checked&);
void unknown_purpose(const Checked&);
void missing_metadata(const Checked&);
void no_notice(const Checked&);
void no_sink(const Checked&);
void generated_name(const Checked&);

}  // namespace candor::catalog
