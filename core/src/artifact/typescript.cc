// TypeScript: one interface, whose members are the events. No further names, so that none clash.
#include <string>
#include <vector>

#include "artifact/artifact.h"
#include "artifact/words.h"
#include "base/text.h"
#include "catalog/code_names.h"

namespace candor::artifact {
namespace {

using namespace catalog;

class TypeScript {
 public:
  std::string file(const Catalog& catalog) {
    const std::string name = pascal_case(catalog.name);
    out_ = "// Generated from the catalog '" + catalog.name +
           "' by `candor generate`; do not edit.\n// Catalog hash: " + hash(catalog) + "\n\n";
    std::vector<std::string> about = {
        "The events that programs of the runtime `node` may emit: `open<" + name + ">({ ... })`."};
    comment(0, about, {});
    out_ += "export interface " + name + " {\n";
    for (const Event& event : catalog.events) {
      if (!is_for(event, "node")) continue;
      comment(2, words(event), {});
      out_ += "  " + event.name + ": ";
      members(event.fields, 2);
      out_ += "\n";
    }
    out_ += "}\n";
    return std::move(out_);
  }

 private:
  void comment(std::size_t indent, std::vector<std::string> said, const std::string& deprecated) {
    bool first = true;
    for (const std::string& line : lines(deprecated)) {
      said.push_back((first ? "@deprecated " : "") + line);
      first = false;
    }
    if (said.empty()) return;
    const std::string margin(indent, ' ');
    for (std::string& line : said) {
      for (std::size_t at = 0; (at = line.find("*/", at)) != std::string::npos; at += 3)
        line.insert(at + 1, " ");  // would end the comment
    }
    if (said.size() == 1) {
      out_ += margin + "/** " + said[0] + " */\n";
      return;
    }
    out_ += margin + "/**\n";
    for (const std::string& line : said)
      out_ += margin + (line.empty() ? " *" : " * " + line) + "\n";
    out_ += margin + " */\n";
  }

  void members(const std::vector<Field>& fields, std::size_t indent) {
    if (fields.empty()) {
      out_ += "{ readonly [name: string]: never }";  // {} would allow any field
      return;
    }
    out_ += "{\n";
    for (const Field& field : fields) {
      comment(indent + 2, words(field), field.deprecated);
      out_ +=
          std::string(indent + 2, ' ') + "readonly " + field.name + (field.optional ? "?: " : ": ");
      type(field.shape, indent + 2);
      if (field.optional) out_ += " | null | undefined";
      out_ += "\n";
    }
    out_ += std::string(indent, ' ') + "}";
  }

  // Whether the type needs parentheses before [].
  static bool is_union(const Shape& shape) noexcept {
    return shape.type == Type::integer || shape.type == Type::enumeration ||
           shape.type == Type::array || shape.type == Type::map;
  }

  void type(const Shape& shape, std::size_t indent) {
    switch (shape.type) {
      case Type::boolean: out_ += "boolean"; return;
      case Type::integer: out_ += "number | bigint"; return;
      case Type::number: out_ += "number"; return;
      case Type::string: out_ += "string"; return;
      case Type::enumeration: {
        const char* bar = "";
        for (const std::string& value : shape.values) {
          out_ += bar;
          append_json_string(out_, value);
          bar = " | ";
        }
        return;
      }
      case Type::array: {
        const bool group = is_union(shape.element.front());
        out_ += group ? "readonly (" : "readonly ";
        type(shape.element.front(), indent);
        out_ += group ? ")[]" : "[]";
        return;
      }
      case Type::map:
        out_ += "{ readonly [name: string]: ";
        type(shape.element.front(), indent);
        out_ += " } | ReadonlyMap<string, ";
        type(shape.element.front(), indent);
        out_ += ">";
        return;
      case Type::object: members(shape.fields, indent); return;
    }
  }

  std::string out_;
};

}  // namespace

std::string typescript(const Catalog& catalog) { return TypeScript().file(catalog); }

}  // namespace candor::artifact
