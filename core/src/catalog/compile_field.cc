// Fields and what their values must look like: of events, of objects, of the envelope.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "catalog/members.h"

namespace candor::catalog {
namespace {

// "string" as in "a string".
std::string a(Type type) {
  const std::string_view word = name(type);
  const bool vowel = word[0] == 'a' || word[0] == 'e' || word[0] == 'i' || word[0] == 'o';
  return (vowel ? "an " : "a ") + std::string(word);
}

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
      field(*n, kInField, field_read);
    }
  }

  void field(const Node& node, std::uint8_t place, Field& out) {
    check_name(node, false, report_);
    out.name = node.key;
    if (!is_object(node)) return;
    const Members members = shape(node, place, out.shape);
    out.optional = members.flag("optional");
    out.description = members.text("description");
    out.unit = members.text("unit", kNameBytesMax);
    out.since = members.text("since", kNameBytesMax);
    out.deprecated = members.text("deprecated");
  }

  void envelope_field(const Node& node, EnvelopeField& out) {
    field(node, kInEnvelope, out.field);
    if (node.kind != Kind::object) return;
    const Members members(document_, node, "an envelope field", report_);
    const Shape& shape = out.field.shape;
    if (shape.type == Type::array || shape.type == Type::map || shape.type == Type::object) {
      report_.add(Rule::source_type, node.key_offset,
                  quoted(node.key) + ": no source gives " + a(shape.type));
      return;
    }
    const Node* value = members.find("value");
    if (!members.find("source") == !value) {
      report_.add(Rule::envelope_no_source, node.key_offset,
                  quoted(node.key) + " needs either 'source' or a constant 'value'");
      return;
    }
    if (value) out.constant = constant(*value, shape);
    source(members, out);
    map(members, out);
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
      if (known && (key->types & type) && (key->places & place)) continue;
      std::string text;
      if (report_.full()) {
      } else if (!known) {
        text = "a field has no key " + quoted(n->key) + did_you_mean(n->key, key_names(place));
      } else if (!(key->places & place)) {
        text = quoted(n->key) + (key->places == kInEnvelope
                                     ? " is for fields of the envelope"
                                     : " is not for elements; put it on the field");
      } else {
        text = quoted(n->key) + " means nothing for this type";
      }
      report_.add(Rule::unknown_key, n->key_offset, std::move(text));
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

  // The canonical JSON of a constant that its own field would accept.
  std::string constant(const Node& value, const Shape& shape) {
    std::string json;
    std::string_view why;
    switch (shape.type) {
      case Type::boolean:
        if (value.kind != Kind::boolean) why = "must be true or false";
        json = value.boolean ? "true" : "false";
        break;
      case Type::integer: {
        const auto whole = whole_number(value);
        if (!whole)
          why = "must be a whole number";
        else if (*whole < shape.int_min || *whole > shape.int_max)
          why = "is out of the field's bounds";
        else
          json = std::to_string(*whole);
        break;
      }
      case Type::number: why = constant_number(value, shape, json); break;
      case Type::string:
        if (value.kind != Kind::string)
          why = "must be text";
        else if (utf8_length(value.text).value_or(0) > shape.max_length)
          why = "is longer than the field's 'max_length'";
        else if (!matches(shape.pattern, value.text))
          why = "is not of the field's pattern";
        append_json_string(json, value.text);
        break;
      default:
        if (value.kind != Kind::string ||
            std::ranges::find(shape.values, value.text) == shape.values.end()) {
          why = "must be one of the field's values";
        }
        append_json_string(json, value.text);
    }
    if (why.empty()) return json;
    report_.add(Rule::bad_value, value.offset, "'value' " + std::string(why));
    return {};
  }

  std::string_view constant_number(const Node& value, const Shape& shape, std::string& json) {
    if (value.kind != Kind::integer && value.kind != Kind::number) return "must be a number";
    if ((shape.has_num_min && value.number < shape.num_min) ||
        (shape.has_num_max && value.number > shape.num_max)) {
      return "is out of the field's bounds";
    }
    // In this range ECMAScript writes every number without an exponent, as to_chars does.
    const double size = std::fabs(value.number);
    if (size > 0 && (size < 1e-6 || size > 9007199254740991.0))
      return "must be 0, or from 0.000001 to 2^53 in size";
    if (!(size > 0)) {
      json = "0";
      return {};
    }
    char digits[64];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, value.number, std::chars_format::fixed).ptr;
    json.assign(digits, end);
    return {};
  }

  void source(const Members& members, EnvelopeField& out) {
    const Node* node = members.find("source");
    if (!node) return;
    const std::string_view source = members.text("source", kNameBytesMax);
    if (source.empty()) return;
    if (!is_source(source)) {
      report_.add(Rule::unknown_source, node->offset,
                  "there is no source " + quoted(source) + did_you_mean(source, kSources) +
                      "; a value of the host's own is 'host.NAME'");
      return;
    }
    const bool gives_boolean = source == "ci.detected";
    const Type type = out.field.shape.type;
    const bool fits =
        source.starts_with("host.") ||
        (gives_boolean ? type == Type::boolean : type == Type::string || type == Type::enumeration);
    if (!fits) {
      report_.add(
          Rule::source_type, node->offset,
          quoted(source) + (gives_boolean ? " is a boolean"
                                          : " is text: the field must be a string or an enum"));
    }
    out.source = source;
  }

  void map(const Members& members, EnvelopeField& out) {
    const Node* map = members.object("map");
    if (!map) return;
    if (!members.find("source")) {
      report_.add(Rule::bad_map, map->key_offset, "a constant needs no 'map'");
      return;
    }
    if (map->count > kEnumValuesMax) {
      report_.add(Rule::limit, map->offset,
                  "more than " + std::to_string(kEnumValuesMax) + " entries");
      return;
    }
    const Shape& shape = out.field.shape;
    for (const Node* n = document_.first(*map); n; n = document_.next(*n)) {
      if (n->kind != Kind::string) {
        report_.add(Rule::wrong_type, n->offset, "a map's values are text");
        continue;
      }
      if (shape.type == Type::enumeration &&
          std::ranges::find(shape.values, n->text) == shape.values.end()) {
        report_.add(Rule::bad_map, n->offset,
                    quoted(n->text) + " is none of the field's values" +
                        did_you_mean(n->text, shape.values));
      } else if (shape.type == Type::string &&
                 utf8_length(n->text).value_or(0) > shape.max_length) {
        report_.add(Rule::bad_map, n->offset, "longer than the field's 'max_length'");
      }
      out.map.emplace_back(n->key, n->text);
    }
  }

  const Document& document_;
  Report& report_;
};

}  // namespace

void compile_fields(const Document& document, const Node& fields, Report& report,
                    std::vector<Field>& out) {
  FieldCompiler(document, report).fields(fields, Class::technical, out);
}

void compile_envelope(const Document& document, const Node& envelope, Report& report,
                      std::vector<EnvelopeField>& out) {
  if (envelope.count > kFieldsMax) {
    report.add(Rule::limit, envelope.offset, "more than " + std::to_string(kFieldsMax) + " fields");
  }
  FieldCompiler compiler(document, report);
  out.reserve(std::min<std::size_t>(envelope.count, kFieldsMax));
  for (const Node* n = document.first(envelope); n && out.size() < kFieldsMax;
       n = document.next(*n)) {
    compiler.envelope_field(*n, out.emplace_back());
  }
}

}  // namespace candor::catalog
