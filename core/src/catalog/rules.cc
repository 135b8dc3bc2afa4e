// The table of rules.
#include <array>

#include "catalog/checks.h"

namespace candor::catalog {
namespace {

struct Row {
  Rule rule;
  RuleInfo info;
  void (*run)(const Checked&) = nullptr;  // null: enforced while the file is read
};

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;

constexpr Row kRows[] = {
    {Rule::syntax,
     {"syntax", kError, "The file is UTF-8 JSON; comments and trailing commas are allowed."}},
    {Rule::limit,
     {"limit", kError, "The file, its depth, its lists and its texts have upper bounds."}},
    {Rule::newer_catalog,
     {"newer-catalog", kError, "The catalog is for this candor or an earlier one."}},
    {Rule::candor_version,
     {"candor-version", kError, "'candor' says which version the catalog's newest key needs."}},
    {Rule::duplicate_key, {"duplicate-key", kError, "No object has two members of one name."}},
    {Rule::unknown_key,
     {"unknown-key", kError, "Every key is one that candor knows, where it means something."}},
    {Rule::missing_key, {"missing-key", kError, "Required keys are there."}},
    {Rule::wrong_type,
     {"wrong-type", kError, "Every value has the JSON type that its key asks for."}},
    {Rule::unknown_name,
     {"unknown-name", kError,
      "Types, patterns, classes, consent modes, sink types and protocols are known ones."}},
    {Rule::bad_value, {"bad-value", kError, "Hosts, dates, constants and texts are well formed."}},
    {Rule::name_shape,
     {"name-shape", kError,
      "Events are snake_case, fields camelCase or snake_case, at most 63 bytes."}},
    {Rule::reserved_name,
     {"reserved-name", kError,
      "No name begins with '$' or means something else to a server or a language."}},
    {Rule::missing_max_length,
     {"missing-max-length", kError, "Every string says how many code points it may have."}},
    {Rule::bad_bounds,
     {"bad-bounds", kError, "Bounds are in range, and no lower bound is above its upper one."}},
    {Rule::empty_enum, {"empty-enum", kError, "An enum has at least one value."}},
    {Rule::duplicate_enum_value,
     {"duplicate-enum-value", kError, "An enum lists each value once."}},
    {Rule::repeats_envelope,
     {"repeats-envelope", kError,
      "No event has a field that the envelope already puts on every event."},
     repeats_envelope},
    {Rule::unknown_source,
     {"unknown-source", kError, "Envelope fields take their values from known sources."}},
    {Rule::unknown_runtime, {"unknown-runtime", kError, "Runtimes are cpp, node and python."}},
    {Rule::envelope_no_source,
     {"envelope-no-source", kError,
      "Every envelope field has either a source or a constant value."}},
    {Rule::source_type,
     {"source-type", kError, "An envelope field's type is one that its source can give."}},
    {Rule::bad_map, {"bad-map", kError, "An envelope map leads to values that its field allows."}},
    {Rule::more_problems,
     {"more-problems", kWarning, "Only the first problems of a file are shown."}},
    {Rule::similar_names,
     {"similar-names", kWarning, "No two names differ only in spelling."},
     similar_names},
    {Rule::unit_in_name,
     {"unit-in-name", kWarning, "A number whose name ends in a unit says the same under 'unit'."},
     unit_in_name},
    {Rule::sensitive_name,
     {"sensitive-name", kWarning, "Text that sounds personal or secret says its class."},
     sensitive_name},
    {Rule::inconsistent_field,
     {"inconsistent-field", kWarning,
      "Fields of one name have one type and one unit in all events."},
     inconsistent_field},
    {Rule::expired_event,
     {"expired-event", kWarning, "No event is past its 'expires' date."},
     expired_event},
    {Rule::unused_map_entry,
     {"unused-map-entry", kWarning, "Every entry of an envelope map can be used."},
     unused_map_entry},
    {Rule::unmapped_runtime,
     {"unmapped-runtime", kWarning,
      "An enum of runtimes has a value for each runtime that sends events."},
     unmapped_runtime},
    {Rule::unknown_purpose,
     {"unknown-purpose", kWarning,
      "Purposes are adoption, compatibility, performance, reliability and usage."},
     unknown_purpose},
    {Rule::missing_metadata,
     {"missing-metadata", kWarning, "Every event has a description, an owner and a purpose."},
     missing_metadata},
    {Rule::no_notice,
     {"no-notice", kWarning, "A product that is on by default tells its users."},
     no_notice},
    {Rule::no_sink, {"no-sink", kWarning, "Events have somewhere to go."}, no_sink},
    {Rule::generated_name,
     {"generated-name", kWarning,
      "Names stay distinct in generated types, and are no reserved words there."},
     generated_name},
};
static_assert(std::size(kRows) == kRules);

constexpr std::array<RuleInfo, kRules> kInfos = [] {
  std::array<RuleInfo, kRules> infos{};
  for (std::size_t i = 0; i < kRules; ++i) infos[i] = kRows[i].info;
  return infos;
}();

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules; ++i) {
    if (kRows[i].rule != static_cast<Rule>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "info() indexes the table by Rule");

}  // namespace

const RuleInfo& info(Rule rule) noexcept { return kInfos[static_cast<std::size_t>(rule)]; }

std::span<const RuleInfo> rules() noexcept { return kInfos; }

void run_checks(const Checked& checked, bool errors_only) {
  for (const Row& row : kRows) {
    if (row.run && (row.info.severity == kError || !errors_only)) row.run(checked);
  }
}

}  // namespace candor::catalog
