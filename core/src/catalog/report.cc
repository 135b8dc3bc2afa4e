#include "catalog/report.h"

#include <algorithm>
#include <utility>

namespace candor::catalog {

void Report::add(Rule rule, std::size_t offset, std::string text) {
  if (info(rule).severity == Severity::error) errors_ = true;
  if (items_.size() == kProblemsMax) {
    ++unkept_;
    return;
  }
  items_.push_back({std::min(offset, file_.size()), rule, std::move(text)});
}

std::size_t Report::line_of(std::size_t offset) const {
  const std::string_view before = file_.substr(0, offset);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

std::vector<Problem> Report::take() {
  std::stable_sort(items_.begin(), items_.end(),
                   [](const Item& a, const Item& b) { return a.offset < b.offset; });
  if (unkept_ > 0) {
    items_.push_back({items_.back().offset, Rule::more_problems,
                      std::to_string(unkept_) + " more problems are not shown"});
    unkept_ = 0;
  }
  std::vector<Problem> problems;
  problems.reserve(items_.size());
  std::uint32_t line = 1;
  std::size_t line_start = 0, at = 0;
  for (Item& item : items_) {
    for (; at < item.offset; ++at) {
      if (file_[at] != '\n') continue;
      ++line;
      line_start = at + 1;
    }
    const RuleInfo& rule = info(item.rule);
    problems.push_back({line, static_cast<std::uint32_t>(item.offset - line_start + 1),
                        rule.severity, std::move(item.text), rule.name});
  }
  items_.clear();
  return problems;
}

bool is_control(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(at) < 0x20 || byte(at) == 0x7f) return true;
  // C1 is C2 80 to C2 9F in UTF-8; both bytes count.
  const bool lead = byte(at) == 0xc2 && at + 1 < text.size() && byte(at + 1) < 0xa0;
  return lead || (at > 0 && byte(at - 1) == 0xc2 && byte(at) >= 0x80 && byte(at) < 0xa0);
}

std::string quoted(std::string_view name) {
  constexpr std::size_t kShownBytesMax = 64;
  const std::string_view shown = utf8_prefix(name, kShownBytesMax);
  std::string text = "'";
  for (std::size_t i = 0; i < shown.size(); ++i)
    text.push_back(is_control(shown, i) ? '?' : shown[i]);
  if (shown.size() < name.size()) text += "...";
  text.push_back('\'');
  return text;
}

}  // namespace candor::catalog
