// Python: a stub with a TypedDict for each event and a class with an overload for each.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "artifact/artifact.h"
#include "artifact/words.h"
#include "base/text.h"
#include "catalog/code_names.h"

namespace candor::artifact {
namespace {

using namespace catalog;

// The client's other methods, as its own stub has them.
constexpr char kOtherMethods[] =
    R"(    def flush(self, timeout: float = 5.0) -> _candor.FlushResult: ...
    def close(self, timeout: float = 0.0) -> None: ...
    def stats(self) -> _t.Any: ...
    def status(self) -> _candor.Status: ...
    def enable(self) -> _candor.Status: ...
    def disable(self) -> _candor.Status: ...
    def project_id(
        self, directory: str | bytes | _os.PathLike[str] | _os.PathLike[bytes]
    ) -> str: ...
    @property
    def first_run(self) -> bool: ...
    def __enter__(self) -> _t.Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: _types.TracebackType | None,
        /,
    ) -> None: ...
)";

class Python {
 public:
  std::string file(const Catalog& catalog) {
    const std::string client = unique(pascal_case(catalog.name));
    std::string head = "# Generated from the catalog '" + catalog.name +
                       "' by `candor generate`; do not edit.\n# Catalog hash: " + hash(catalog) +
                       "\nimport datetime as _datetime\nimport os as _os\nimport types as _types\n"
                       "\nimport candor as _candor\nimport typing_extensions as _t\n\n";
    for (const Event& event : catalog.events) {
      if (!is_for(event, "python")) continue;
      events_.push_back(&event);
      dicts_.push_back(typed_dict(unique(pascal_case(event.name)), event.fields, words(event)));
    }
    std::string text =
        "class " + client + ":\n    \"\"\"A client of " + documented(catalog.product.name) +
        ": what candor.open answers, for programs of the runtime `python`.\"\"\"\n\n";
    method(text, "emit", "_candor.Outcome");
    method(text, "encode", "bytes");
    return head + out_ + text + kOtherMethods;
  }

 private:
  // A name that no other class of the file has.
  std::string unique(const std::string& wanted) {
    std::string name = wanted;
    for (int n = 2; !names_.insert(name).second; ++n) name = wanted + "_" + std::to_string(n);
    return name;
  }

  // Text for inside of a docstring.
  static std::string documented(const std::string& line) {
    std::string text;
    for (const char c : line) {
      if (c == '\\' || c == '"') text.push_back('\\');
      text.push_back(c);
    }
    return text;
  }

  // `lines` as a docstring, or nothing.
  static std::string docstring(const std::vector<std::string>& lines) {
    if (lines.empty()) return {};
    std::string text = "    \"\"\"";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) text += lines[i].empty() ? "\n" : "\n    ";
      text += documented(lines[i]);
    }
    return text + "\"\"\"\n";
  }

  static std::vector<std::string> said_of(const Field& field) {
    std::vector<std::string> said = words(field);
    if (!field.deprecated.empty()) {
      for (const std::string& line : lines("Deprecated: " + field.deprecated)) said.push_back(line);
    }
    return said;
  }

  // Appends the class and those inside it; answers its name.
  std::string typed_dict(const std::string& name, const std::vector<Field>& fields,
                         const std::vector<std::string>& about) {
    std::vector<std::string> types;
    for (const Field& field : fields) {
      std::string wanted = type(field.shape, name + "_" + pascal_case(field.name));
      if (field.optional) wanted = "_t.NotRequired[" + wanted + " | None]";
      types.push_back(std::move(wanted));
    }
    const bool keyword = std::ranges::any_of(
        fields, [](const Field& field) { return is_python_keyword(field.name); });
    if (keyword) {  // which no class body can name
      out_ += name + " = _t.TypedDict(\n    \"" + name + "\",\n    {\n";
      for (std::size_t i = 0; i < fields.size(); ++i)
        out_ += "        \"" + fields[i].name + "\": " + types[i] + ",\n";
      out_ += "    },\n)\n\n";
      return name;
    }
    out_ += "class " + name + "(_t.TypedDict):\n" + docstring(about);
    for (std::size_t i = 0; i < fields.size(); ++i)
      out_ += "    " + fields[i].name + ": " + types[i] + "\n" + docstring(said_of(fields[i]));
    if (fields.empty() && about.empty()) out_ += "    ...\n";
    out_ += "\n";
    return name;
  }

  std::string type(const Shape& shape, const std::string& name) {
    switch (shape.type) {
      case Type::boolean: return "bool";
      case Type::integer: return "int";
      case Type::number: return "float";
      case Type::string: return "str";
      case Type::enumeration: {
        std::string text = "_t.Literal[";
        for (std::size_t i = 0; i < shape.values.size(); ++i) {
          if (i > 0) text += ", ";
          append_json_string(text, shape.values[i]);
        }
        return text + "]";
      }
      case Type::array: {
        const std::string element = type(shape.element.front(), name + "_Item");
        return "list[" + element + "] | tuple[" + element + ", ...]";
      }
      case Type::map: return "dict[str, " + type(shape.element.front(), name + "_Value") + "]";
      case Type::object: return typed_dict(unique(name), shape.fields, {});
    }
    return "None";
  }

  // An overload for fields in a mapping and one for fields as keywords, of each event.
  void method(std::string& text, const std::string& name, const std::string& answer) const {
    const std::string options =
        "        timestamp: _datetime.datetime | int | None = None,\n"
        "        distinct_id: str | None = None,\n"
        "        project_dir: str | bytes | _os.PathLike[str] | _os.PathLike[bytes] | None = "
        "None,\n"
        "        project_id: str | None = None,\n"
        "        uuid: str | _t.Literal[True] | None = None,\n";
    if (events_.empty()) {
      text += "    def " + name + "(self, event: _t.Never, /) -> " + answer + ": ...\n";
      return;
    }
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const std::string opening = "    @_t.overload\n    def " + name +
                                  "(\n        self,\n        event: _t.Literal[\"" +
                                  events_[i]->name + "\"],\n";
      const std::string closing = "    ) -> " + answer + ": ...\n";
      text += opening + "        mapping: " + dicts_[i] + ",\n        /,\n        *,\n" + options +
              closing;
      text += opening + "        mapping: None = None,\n        /,\n        *,\n" + options +
              "        **fields: _t.Unpack[" + dicts_[i] + "],\n" + closing;
    }
  }

  std::string out_;
  std::set<std::string> names_;
  std::vector<const Event*> events_;
  std::vector<std::string> dicts_;  // their names, in the same order
};

}  // namespace

std::string python(const Catalog& catalog) { return Python().file(catalog); }

}  // namespace candor::artifact
