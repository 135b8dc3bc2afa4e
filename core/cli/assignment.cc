#include "assignment.h"

#include <string>

#include "terminal.h"

namespace candor::cli {

Expected<Field> parse_assignment(std::string_view argument, JsonText& store) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0 || argument.starts_with(":=")) {
    return Error{"expected name=text or name:=JSON"};
  }
  const std::string_view text = argument.substr(equals + 1);
  if (argument[equals - 1] != ':') return Field{argument.substr(0, equals), text};
  const std::string_view name = argument.substr(0, equals - 1);
  const auto value = store.parse(text);
  if (value) return Field{name, *value};
  const std::string shown = printable(name);
  return Error{shown + ":= wants JSON (" + value.error().text + "); text is given as " + shown +
               "=TEXT"};
}

}  // namespace candor::cli
