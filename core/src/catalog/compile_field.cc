#include "catalog/compile_field.h"

#include <algorithm>
#include <span>
#include <string>

#include "catalog/members.h"

namespace candor::catalog {
namespace {

std::vector<std::string_view> key_names(std::uint8_t place) {
  std::vector<std::string_view> names;
  for (const FieldKey& key : kFieldKeys) {
    if (key.places & place) names.push_back(key.name);
  }
  return names;
}

class FieldCompiler {
 public:
  FieldCompiler(const Document& document, Report& report) : document_(document), report_(report) {}

  void fields(const Node& object, Class klass, std::vector<Field>& out) {
    if (object.count > kFieldsMax) {
      report_.add(Rule::limit, object.offset,
                  "more than " + std::to_string(kFieldsMax) + " fields");
    }
    out.reserve(std::min<std::size_t>(object.count, kFieldsMax));
    for (const Node* n = document_.first(object); n && out.size() < kFieldsMax;
         n = document_.next(*n)) {
      Field& field_read = out.emplace_back();
      field_read.shape.klass = klass;
      if (!field(*n, kInField, field_read)) out.pop_back();
    }
  }

  // Whether it is an object, which can be read.
  bool field(const Node& node, std::uint8_t place, Field& out) {
    check_name(node, false, report_);
    if (!is_object(node)) return false;
    out.name = node.key;
    out.at = node.key_offset;
    const Members members = shape(node, place, out.shape);
    out.optional = members.flag("optional");
    out.description = members.text("description");
    out.unit = members.text("unit", kNameBytesMax);
    out.since = members.text("since", kNameBytesMax);
    out.deprecated = members.text("deprecated");
    out.class_at = members.at("class");
    return true;
  }

 private:
  bool is_object(const Node& node) {
    if (node.kind == Kind::object) return true;
    report_.add(Rule::wrong_type, node.offset,
                label(node) + " must be an object such as { \"type\": \"boolean\" }");
    return false;
  }

  // `out` holds the class of what this is inside of, which is its own if it names none.
  Members shape(const Node& node, std::uint8_t place, Shape& out) {
    const std::string_view what = place == kInElement ? "the element" : "a field";
    const Members members(document_, node, what, report_);
    const auto type = members.word("type", kTypes);
    if (type)
      out.type = static_cast<Type>(*type);
    else if (!members.find("type"))
      members.missing(Rule::missing_key, "type");
    check_keys(node, type ? bit(out.type) : kAnyType, place);
    if (const auto klass = members.word("class", kClasses)) out.klass = static_cast<Class>(*klass);
    if (!type) return members;

    switch (out.type) {
      case Type::boolean: break;
      case Type::integer: integer(members, node, out); break;
      case Type::number: number(members, node, out); break;
      case Type::string: string(members, out); break;
      case Type::enumeration: enumeration(members, out); break;
      case Type::array: array(members, node, out); break;
      case Type::map: map_of(members, out); break;
      case Type::object:
        if (const Node* inner = members.object("fields"))
          fields(*inner, out.klass, out.fields);
        else if (!members.find("fields"))
          members.missing(Rule::missing_key, "fields");
        break;
    }
    return members;
  }

  void check_keys(const Node& node, std::uint16_t type, std::uint8_t place) {
    for (const Node* n = document_.first(node); n; n = document_.next(*n)) {
      const auto* key = std::ranges::find(kFieldKeys, n->key, &FieldKey::name);
      const bool known = key != std::end(kFieldKeys);
      if (known && (key->types & type) && (key->places & place)) {
        check_since(document_, *n, key->since, report_);
        continue;
      }
      std::string why = " means nothing for this type";
      if (!known) {
        why = " is no key of a field" + report_.did_you_mean(n->key, key_names(place));
      } else if (!(key->places & place)) {
        why = key->places == kInEnvelope ? " is for fields of the envelope"
                                         : " is not for elements; put it on the field";
      }
      report_.add(Rule::unknown_key, n->key_offset, quoted(n->key) + why);
    }
  }

  void bad_range(const Node& node, std::string_view low, std::string_view high) {
    report_.add(Rule::bad_bounds, node.key_offset,
                label(node) + ": '" + std::string(low) + "' is above '" + std::string(high) + "'");
  }

  void integer(const Members& members, const Node& node, Shape& out) {
    if (const auto min = members.integer("min", INT64_MIN, INT64_MAX)) out.int_min = *min;
    if (const auto max = members.integer("max", INT64_MIN, INT64_MAX)) out.int_max = *max;
    if (out.int_min > out.int_max) bad_range(node, "min", "max");
  }

  void number(const Members& members, const Node& node, Shape& out) {
    if (const auto min = members.number("min")) {
      out.num_min = *min;
      out.has_num_min = true;
    }
    if (const auto max = members.number("max")) {
      out.num_max = *max;
      out.has_num_max = true;
    }
    if (out.has_num_min && out.has_num_max && out.num_min > out.num_max)
      bad_range(node, "min", "max");
  }

  void string(const Members& members, Shape& out) {
    if (const auto max = members.integer("max_length", 1, kLengthMax)) {
      out.max_length = static_cast<std::uint32_t>(*max);
    } else if (!members.find("max_length")) {
      members.missing(Rule::missing_max_length, "max_length",
                      ", in Unicode code points: every string is bounded");
    }
    // The first name stands for "no pattern", which a catalog says by leaving it out.
    const auto patterns = std::span(kPatterns).subspan(1);
    if (const auto pattern = members.word("pattern", patterns)) {
      out.pattern = static_cast<Pattern>(*pattern + 1);
    }
  }

  void enumeration(const Members& members, Shape& out) {
    const Node* values = members.array("values");
    if (!values) {
      if (!members.find("values")) members.missing(Rule::missing_key, "values");
      return;
    }
    if (values->count == 0)
      report_.add(Rule::empty_enum, values->offset, "an enum needs at least one value");
    if (values->count > kEnumValuesMax) {
      report_.add(Rule::limit, values->offset,
                  "more than " + std::to_string(kEnumValuesMax) + " values");
      return;
    }
    out.values.reserve(values->count);
    std::vector<std::string_view> texts;
    std::vector<const Node*> nodes;
    for (const Node* n = document_.first(*values); n; n = document_.next(*n)) {
      if (n->kind != Kind::string) {
        report_.add(Rule::wrong_type, n->offset, "an enum's values are text");
      } else if (n->text.empty() || n->text.size() > kEnumValueBytesMax ||
                 !is_plain_text(n->text)) {
        report_.add(Rule::bad_value, n->offset,
                    "an enum's value has 1 to " + std::to_string(kEnumValueBytesMax) +
                        " bytes and no control characters");
      } else {
        texts.push_back(n->text);
        nodes.push_back(n);
        out.values.emplace_back(n->text);
      }
    }
    std::vector<std::uint32_t> repeats;
    find_repeats(texts, repeats);
    for (const std::uint32_t i : repeats) {
      report_.add(Rule::duplicate_enum_value, nodes[i]->offset,
                  quoted(texts[i]) + " is listed twice");
    }
  }

  void element(const Members& members, std::string_view key, Shape& out) {
    const Node* inner = members.object(key);
    if (!inner) {
      if (!members.find(key)) members.missing(Rule::missing_key, key);
      return;
    }
    Shape& shape_of_element = out.element.emplace_back();
    shape_of_element.klass = out.klass;
    shape(*inner, kInElement, shape_of_element);
  }

  void array(const Members& members, const Node& node, Shape& out) {
    out.count_max = kCountDefault;
    if (const auto min = members.integer("min_items", 0, kCountMax))
      out.count_min = static_cast<std::uint32_t>(*min);
    if (const auto max = members.integer("max_items", 1, kCountMax))
      out.count_max = static_cast<std::uint32_t>(*max);
    if (out.count_min > out.count_max) bad_range(node, "min_items", "max_items");
    element(members, "items", out);
  }

  void map_of(const Members& members, Shape& out) {
    out.count_max = kCountDefault;
    out.max_length = kMapKeyLengthDefault;
    if (const auto max = members.integer("max_entries", 1, kCountMax))
      out.count_max = static_cast<std::uint32_t>(*max);
    if (const auto max = members.integer("max_length", 1, kLengthMax))
      out.max_length = static_cast<std::uint32_t>(*max);
    element(members, "values", out);
  }

  const Document& document_;
  Report& report_;
};

}  // namespace

void check_name(const Node& node, bool is_event, Report& report) {
  // Names that mean something to the server, options of emit, and what every JavaScript object has.
  constexpr std::string_view kReserved[] = {
      "uuid",        "timestamp",      "distinct_id",   "project_dir",          "project_id",
      "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
      "toString",    "valueOf"};
  const std::string_view name = node.key;
  const auto fail = [&](Rule rule, std::string_view why) {
    report.add(rule, node.key_offset, quoted(name) + std::string(why));
  };
  if (name.starts_with('$')) {
    return fail(Rule::reserved_name, ": names that begin with '$' are the server's");
  }
  if (std::ranges::find(kReserved, name) != std::end(kReserved)) {
    return fail(Rule::reserved_name, " is reserved; choose another name");
  }
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           (!is_event && c >= 'A' && c <= 'Z');
  };
  const bool starts_well =
      !name.empty() && allowed(name[0]) && name[0] != '_' && !(name[0] >= '0' && name[0] <= '9');
  if (!starts_well || !std::ranges::all_of(name, allowed)) {
    return fail(Rule::name_shape,
                is_event ? ": an event's name is snake_case, such as 'plan_completed'"
                         : ": a field's name is camelCase or snake_case, such as 'durationMs'");
  }
  if (name.size() > kNameBytesMax) {
    fail(Rule::name_shape, " is longer than " + std::to_string(kNameBytesMax) + " bytes");
  }
}

bool compile_field(const Document& document, const Node& node, std::uint8_t place, Report& report,
                   Field& out) {
  return FieldCompiler(document, report).field(node, place, out);
}

void compile_fields(const Document& document, const Node& fields, Report& report,
                    std::vector<Field>& out) {
  FieldCompiler(document, report).fields(fields, Class::technical, out);
}

}  // namespace candor::catalog
