#include "diff.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace candor::cli {
namespace {

constexpr std::size_t kContextLines = 3;
constexpr std::size_t kWindowLines = 200;  // how far a change may reach
constexpr std::size_t kAgreeLines = 3;     // equal lines that end a change

using Lines = std::vector<std::string_view>;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool agree(const Lines& a, std::size_t i, const Lines& b, std::size_t j) {
  for (std::size_t k = 0; k < kAgreeLines; ++k) {
    const bool a_ended = i + k >= a.size();
    const bool b_ended = j + k >= b.size();
    if (a_ended || b_ended) return a_ended && b_ended;
    if (a[i + k] != b[j + k]) return false;
  }
  return true;
}

struct Skip {
  std::size_t a, b;
};

// The fewest lines to leave out of each side so that the rest begins alike.
Skip resync(const Lines& a, std::size_t i, const Lines& b, std::size_t j) {
  for (std::size_t sum = 1; sum <= kWindowLines; ++sum) {
    for (std::size_t skip_a = 0; skip_a <= sum; ++skip_a) {
      const std::size_t skip_b = sum - skip_a;
      if (i + skip_a > a.size() || j + skip_b > b.size()) continue;
      if (agree(a, i + skip_a, b, j + skip_b)) return {skip_a, skip_b};
    }
  }
  return {a.size() - i, b.size() - j};
}

class Output {
 public:
  void line(char mark, std::string_view text) {
    if (++lines_ > kDiffLinesMax) return;
    text_ += mark;
    text_ += text;
    if (!text.ends_with('\n')) text_ += '\n';
  }
  void heading(std::size_t a, std::size_t b) {
    line('@', "@ line " + std::to_string(a + 1) + " -> line " + std::to_string(b + 1) + " @@");
  }
  [[nodiscard]] bool empty() const { return lines_ == 0; }
  std::string finish() {
    if (lines_ > kDiffLinesMax) {
      text_ += "... and " + std::to_string(lines_ - kDiffLinesMax) + " more lines\n";
    }
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace

std::string diff(std::string_view before, std::string_view after) {
  const Lines a = split(before);
  const Lines b = split(after);
  Output output;
  std::size_t i = 0, j = 0;
  std::size_t shown = 0;     // lines of `a` before this one were printed or passed over
  std::size_t trailing = 0;  // lines of context that are still to follow a change
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      if (trailing > 0) {
        output.line(' ', a[i]);
        shown = i + 1;
        --trailing;
      }
      ++i;
      ++j;
      continue;
    }
    const std::size_t context = std::min(kContextLines, i - shown);
    if (output.empty() || i - context > shown) output.heading(i - context, j - context);
    for (std::size_t k = context; k > 0; --k) output.line(' ', a[i - k]);
    const Skip skip = resync(a, i, b, j);
    for (std::size_t k = 0; k < skip.a; ++k) output.line('-', a[i + k]);
    for (std::size_t k = 0; k < skip.b; ++k) output.line('+', b[j + k]);
    i += skip.a;
    j += skip.b;
    shown = i;
    trailing = kContextLines;
  }
  return output.finish();
}

}  // namespace candor::cli
