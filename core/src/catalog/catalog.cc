#include "catalog/catalog.h"

#include <algorithm>
#include <exception>
#include <string>

#include "catalog/checks.h"
#include "catalog/compile.h"
#include "catalog/keys.h"
#include "catalog/version.h"

namespace candor::catalog {
namespace {

// All of them: the JSON library would skip one more, and positions would be off.
std::string_view without_byte_order_marks(std::string_view text) noexcept {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  while (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

// Without a date only the rules that find errors run.
Loaded run(std::string_view text, std::optional<std::string_view> today) {
  text = without_byte_order_marks(text);
  Loaded loaded;
  Report report(text);
  if (const auto document = Document::read(text, report)) {
    loaded.is_newer = report_newer(*document, report);
    if (!loaded.is_newer) {
      Catalog catalog = compile(*document, report);
      if (document->root().kind == Kind::object) {
        run_checks({catalog, today.value_or(std::string_view()), report}, !today);
      }
      if (!report.has_errors()) loaded.catalog = std::move(catalog);
    }
  }
  loaded.problems = report.take();
  return loaded;
}

Loaded run_safely(std::string_view text, std::optional<std::string_view> today) {
  try {
    return run(text, today);
  } catch (const std::exception&) {  // out of memory is all that can be thrown
    Loaded loaded;
    loaded.problems.push_back(
        {.text = "the file needs more memory than there is", .rule = info(Rule::limit).name});
    return loaded;
  }
}

}  // namespace

Loaded load(std::string_view text) { return run_safely(text, {}); }

Loaded check(std::string_view text, std::string_view today) { return run_safely(text, today); }

Position position(std::string_view text, std::uint32_t at) noexcept {
  const std::string_view before = without_byte_order_marks(text).substr(0, at);
  Position found;
  found.line += static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  found.column += static_cast<std::uint32_t>(before.size() - line_start);
  return found;
}

std::string_view name(Type type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

std::string_view name(Pattern pattern) noexcept {
  return kPatterns[static_cast<std::size_t>(pattern)];
}

bool is_source(std::string_view source) noexcept {
  if (std::ranges::find(kSources, source) != std::end(kSources)) return true;
  constexpr std::string_view kHost = "host.";
  if (!source.starts_with(kHost)) return false;
  source.remove_prefix(kHost.size());
  return matches(Pattern::identifier, source);
}

}  // namespace candor::catalog
