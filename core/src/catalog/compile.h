// From the tree of a file to the Catalog it means.
#pragma once

#include "catalog/catalog.h"
#include "catalog/document.h"
#include "catalog/report.h"

namespace candor::catalog {

// Always answers: what can't be understood is reported and gets a harmless
// stand-in, or is left out. Events and fields are in the order of the file.
[[nodiscard]] Catalog compile(const Document& document, Report& report);

}  // namespace candor::catalog
