// Which candor a catalog is written for, and whether this one may read it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor::catalog {

class Document;
struct Node;
class Report;

// Of a version, the two numbers that say which keys a catalog may have.
struct Version {
  std::uint32_t release = 0, feature = 0;
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};
// What a catalog without 'candor' asks for.
inline constexpr Version kFirstVersion{0, 1};

// "0.3", or nothing when the text is no such pair.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text) noexcept;
[[nodiscard]] std::string to_text(Version version);

// Reports a catalog that asks for a newer candor than this one, and says whether it does. Such a
// catalog may hold keys that this candor would misread, so nothing else of it is judged.
[[nodiscard]] bool report_newer(const Document& document, Report& report);
// Reports a key that the candor which the catalog asks for does not know.
void check_since(const Document& document, const Node& key, Version since, Report& report);

}  // namespace candor::catalog
