// From the tree of a file to the Catalog it means.
#pragma once

#include "catalog/catalog.h"
#include "catalog/document.h"
#include "catalog/report.h"

namespace candor::catalog {

// Always answers: what can't be understood is reported and gets a harmless
// stand-in. Events and fields of the result stand in the order of the file, one
// for each member there, so that checks may walk both side by side (up to the
// limits, beyond which nothing is read).
[[nodiscard]] Catalog compile(const Document& document, Report& report);

}  // namespace candor::catalog
