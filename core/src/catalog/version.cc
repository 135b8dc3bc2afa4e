#include "catalog/version.h"

#include <charconv>

#include "candor/version.h"
#include "catalog/document.h"
#include "catalog/report.h"

namespace candor::catalog {
namespace {

// The longest text that can be a pair of numbers that fit.
constexpr std::size_t kVersionBytesMax = 15;

// The numbers before the patch number.
Version this_version() noexcept {
  const std::string_view whole(kVersion);
  return parse_version(whole.substr(0, whole.rfind('.'))).value_or(kFirstVersion);
}

const Node* key_of(const Document& document) noexcept {
  const Node& root = document.root();
  return root.kind == Kind::object ? document.find(root, "candor") : nullptr;
}

Version asked_for(const Document& document) noexcept {
  const Node* const node = key_of(document);
  if (!node || node->kind != Kind::string) return kFirstVersion;
  return parse_version(node->text).value_or(kFirstVersion);
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) noexcept {
  if (text.size() > kVersionBytesMax) return {};
  Version version;
  const char* const end = text.data() + text.size();
  const auto release = std::from_chars(text.data(), end, version.release);
  if (release.ec != std::errc{} || release.ptr == end || *release.ptr != '.') return {};
  const auto feature = std::from_chars(release.ptr + 1, end, version.feature);
  if (feature.ec != std::errc{} || feature.ptr != end) return {};
  if (to_text(version) != text) return {};  // one spelling: no leading zeros
  return version;
}

std::string to_text(Version version) {
  return std::to_string(version.release) + "." + std::to_string(version.feature);
}

bool report_newer(const Document& document, Report& report) {
  const Version asked = asked_for(document);
  if (asked <= this_version()) return false;
  report.add(Rule::newer_catalog, key_of(document)->offset,
             "this catalog is for candor " + to_text(asked) + " and later; this is " + kVersion);
  return true;
}

void check_since(const Document& document, const Node& key, Version since, Report& report) {
  // The key itself may always be there: it asks for what it says.
  if (since <= kFirstVersion || &key == key_of(document) || since <= asked_for(document)) return;
  report.add(Rule::candor_version, key.key_offset,
             quoted(key.key) + " needs candor " + to_text(since) + " or later; say \"candor\": \"" +
                 to_text(since) + "\" at the top, so that an older one stays off");
}

}  // namespace candor::catalog
