// The problems of one catalog file, collected in any order and told in file order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "catalog/catalog.h"

namespace candor::catalog {

// Every rule; rules.cc holds its name, severity and summary, in this order.
enum class Rule : std::uint8_t {
  syntax,
  limit,
  newer_catalog,
  candor_version,
  duplicate_key,
  unknown_key,
  missing_key,
  wrong_type,
  unknown_name,
  bad_value,
  name_shape,
  reserved_name,
  missing_max_length,
  bad_bounds,
  empty_enum,
  duplicate_enum_value,
  repeats_envelope,
  unknown_source,
  unknown_runtime,
  envelope_no_source,
  source_type,
  bad_map,
  more_problems,
  similar_names,
  unit_in_name,
  sensitive_name,
  inconsistent_field,
  expired_event,
  unused_map_entry,
  unmapped_runtime,
  unknown_purpose,
  missing_metadata,
  no_notice,
  no_sink,
  generated_name,
};
inline constexpr std::size_t kRules = static_cast<std::size_t>(Rule::generated_name) + 1;

[[nodiscard]] const RuleInfo& info(Rule rule) noexcept;

class Report {
 public:
  // Views `file`, to tell lines and columns.
  explicit Report(std::string_view file) : file_(file) {}

  void add(Rule rule, std::size_t offset, std::string text);
  // Whether further problems are only counted, so that their texts may stay empty.
  [[nodiscard]] bool full() const noexcept { return items_.size() == kProblemsMax; }
  // "; did you mean 'x'?" or nothing; costs nothing once the report is full.
  template <typename Names>
  [[nodiscard]] std::string did_you_mean(std::string_view word, const Names& candidates) const;
  [[nodiscard]] bool has_errors() const noexcept { return errors_; }
  [[nodiscard]] std::size_t line_of(std::size_t offset) const;
  // In file order; empties the report.
  [[nodiscard]] std::vector<Problem> take();

 private:
  struct Item {
    std::size_t offset;
    Rule rule;
    std::string text;
  };
  std::string_view file_;
  std::vector<Item> items_;
  std::size_t unkept_ = 0;
  bool errors_ = false;
};

// A name of the file, quoted for a message: cut when long, and without characters
// that a terminal would obey.
[[nodiscard]] std::string quoted(std::string_view name);
// Whether a control character that a terminal might obey starts at `at`: C0, DEL or C1.
[[nodiscard]] bool is_control(std::string_view text, std::size_t at) noexcept;

template <typename Names>
std::string Report::did_you_mean(std::string_view word, const Names& candidates) const {
  if (full() || word.size() > kNameBytesMax) return {};
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? std::string() : "; did you mean " + quoted(near) + "?";
}

}  // namespace candor::catalog
