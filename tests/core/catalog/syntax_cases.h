// Texts that are no JSON with comments, for rules_test.cc.
#pragma once

#include "catalog/texts.h"

namespace candor::catalog {

inline std::vector<Case> syntax_cases() {
  return {
      {"", {"1:1 syntax"}, "the file is empty"},
      {" \n // only a comment\n", {"1:1 syntax"}, "the file is empty"},
      {"{", {"1:2 syntax"}, "the file ends before the '{' of line 1 is closed"},
      {"{\n\"a\": [1,\n", {"3:1 syntax"}, "the file ends before the '[' of line 2 is closed"},
      {"{\"a\"", {"1:5 syntax"}, "expected ':'"},
      {"{\"a\" 1}", {"1:6 syntax"}, "expected ':'"},
      {"{\"a\":", {"1:6 syntax"}, "the file ends"},
      {"{\"a\": 1]", {"1:8 syntax"}, "']' can't close the '{' of line 1"},
      {"{\"a\": [1}", {"1:9 syntax"}, "'}' can't close the '[' of line 1"},
      {"{\"a\": 1 \"b\": 2}", {"1:9 syntax"}, "expected ',' or '}'"},
      {"{\"a\": [1 2]}", {"1:10 syntax"}, "expected ',' or ']'"},
      {"{\"a\": 1,, \"b\": 2}", {"1:9 syntax"}, "a ',' too many"},
      {"{\"a\": ,}", {"1:7 syntax"}, "expected a value, not ','"},
      {"{\"a\":, \"b\": 2}", {"1:6 syntax"}, "expected a value"},
      {"{\"a\": }", {"1:7 syntax"}, "expected a value"},
      {"{,}", {"1:2 syntax"}, "a ',' too many"},
      {"[,]", {"1:2 syntax"}, "a ',' too many"},
      {"{'a': 1}", {"1:2 syntax"}, "names are written in double quotes"},
      {"{a: 1}", {"1:2 syntax"}, "write this name in double quotes"},
      {"{\"a\": 'x'}", {"1:7 syntax"}, "text is written in double quotes"},
      {"{\"a\": tru}", {"1:7 syntax"}, "only true, false and null"},
      {"{\"a\": True}", {"1:7 syntax"}, "write true in lower case"},
      {"{\"a\": NaN}", {"1:7 syntax"}, "finite"},
      {"{\"a\": 01}", {"1:8 syntax"}, "leading zeros"},
      {"{\"a\": 0x1f}", {"1:8 syntax"}, "in decimal"},
      {"{\"a\": 1_000}", {"1:8 syntax"}, "'_'"},
      {"{\"a\": +1}", {"1:7 syntax"}, "leave out the '+'"},
      {"{\"a\": .5}", {"1:7 syntax"}, "a digit before the '.'"},
      {"{\"a\": 1e}", {"1:7 syntax"}, "no JSON number"},
      {"{\"a\": 1e999}", {"1:7 syntax"}, "too large"},
      {"{\"a\": \"x}", {"1:7 syntax"}, "isn't closed"},
      {"{\"a\": \"x\n\"}", {"1:7 syntax"}, "isn't closed on its line"},
      {"{\"a\": \"x\ty\"}", {"1:9 syntax"}, "\\t"},
      {"{\"a\": \"\\q\"}", {"1:8 syntax"}, "no such escape"},
      {"{\"a\": \"\\u12g4\"}", {"1:8 syntax"}, "four hexadecimal digits"},
      {"{\"a\": \"\\ud83d\"}", {"1:8 syntax"}, "surrogate"},
      {"{\"a\": \"\\ude00\"}", {"1:8 syntax"}, "surrogate"},
      {"{\"a\": \"\\ud83d\\ude00\" 1}", {"1:22 syntax"}, "expected ','"},
      {"{} {}", {"1:4 syntax"}, "text after the end"},
      {"{}\n]", {"2:1 syntax"}, "text after the end"},
      {"# a comment\n{}", {"1:1 syntax"}, "comments begin with //"},
      {"{} /* and so on", {"1:4 syntax"}, "never closed"},
      {"{\"a\": @}", {"1:7 syntax"}, "not '@'"},
      {std::string("{}\0{}", 5), {"1:3 syntax"}, "NUL"},
      {"{\n\"a\": \"\xc3\x28\"}", {"2:7 syntax"}, "not UTF-8"},
      {"\xff\xfe{\0}\0", {"1:1 syntax"}, "not UTF-8"},
  };
}

}  // namespace candor::catalog
