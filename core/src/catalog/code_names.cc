#include "catalog/code_names.h"

#include <algorithm>
#include <iterator>

namespace candor::catalog {
namespace {

// Of Python 3.9 and later, in the order of its documentation.
constexpr std::string_view kPythonKeywords[] = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};

}  // namespace

std::string pascal_case(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_' || c == '-') {
      upper = true;
      continue;
    }
    out.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return out;
}

bool is_python_keyword(std::string_view name) noexcept {
  return std::ranges::find(kPythonKeywords, name) != std::end(kPythonKeywords);
}

}  // namespace candor::catalog
