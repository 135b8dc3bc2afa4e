// The product that a catalog describes, on this machine: where its files are
// and what its user consented to. Looks only; never mints an identity.
#pragma once

#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "candor/options.h"
#include "catalog/catalog.h"
#include "client/setup.h"
#include "commands.h"
#include "consent/consent.h"

namespace candor::cli {

struct Product {
  catalog::Catalog catalog;
  Environment environment;
  client::Places places;
  consent::Terms terms;
};
[[nodiscard]] Expected<Product> find_product(const ProductArgs& args);

// How this command opens a client of the product.
[[nodiscard]] Options client_options(const ProductArgs& args);

// A catalog's file, or standard input for "-". Reads at most one byte more than a
// catalog may have, so that the catalog's own limit is what reports a larger one.
[[nodiscard]] Expected<std::string> read_catalog(const std::string& path);
// Reads and loads; the error lists the problems, a line each.
[[nodiscard]] Expected<catalog::Catalog> load_catalog(const std::string& path);
// "acme.telemetry.jsonc:3:14: error: text [rule]"
[[nodiscard]] std::string describe(const std::string& path, const catalog::Problem& problem);

}  // namespace candor::cli
