// What is written from a catalog for others to read: each a file's whole text, the same for the
// same meaning, whatever the catalog's comments and white space.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace candor::artifact {

using catalog::Catalog;

// The JSON Schema (2020-12) of whole events, with the catalog's metadata and the hash under
// x-candor.
[[nodiscard]] std::string schema(const Catalog& catalog);
// sha256 in lower-case hex of everything that the schema says: equal for catalogs that mean the
// same.
[[nodiscard]] std::string hash(const Catalog& catalog);

// Declarations for `open<Acme>()` of the Node package; nothing of them is there at run time.
[[nodiscard]] std::string typescript(const Catalog& catalog);
// A stub (.pyi) whose class Acme is what candor.open answers, as one catalog allows it to be used.
[[nodiscard]] std::string python(const Catalog& catalog);

enum class Language : unsigned char { typescript, python };
inline constexpr std::string_view kLanguages[] = {"typescript", "python"};
[[nodiscard]] inline std::string types(const Catalog& catalog, Language language) {
  return language == Language::typescript ? typescript(catalog) : python(catalog);
}

}  // namespace candor::artifact
