// The envelope: fields, and where candor takes their values from.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/text.h"
#include "catalog/compile_field.h"
#include "catalog/members.h"

namespace candor::catalog {
namespace {

class EnvelopeCompiler {
 public:
  EnvelopeCompiler(const Document& document, Report& report)
      : document_(document), report_(report) {}

  bool envelope_field(const Node& node, EnvelopeField& out) {
    if (!compile_field(document_, node, kInEnvelope, report_, out.field)) return false;
    const Members members(document_, node, "an envelope field", report_);
    const Shape& shape = out.field.shape;
    if (shape.type == Type::array || shape.type == Type::map || shape.type == Type::object) {
      report_.add(
          Rule::source_type, node.key_offset,
          quoted(node.key) + ": no source gives a value of type " + std::string(name(shape.type)));
      return true;
    }
    const Node* value = members.find("value");
    if (!members.find("source") == !value) {
      report_.add(Rule::envelope_no_source, node.key_offset,
                  quoted(node.key) + " needs either 'source' or a constant 'value'");
      return true;
    }
    if (value) out.constant = constant(*value, shape);
    source(members, out);
    map(members, out);
    return true;
  }

 private:
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
                  "there is no source " + quoted(source) + report_.did_you_mean(source, kSources) +
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
                        report_.did_you_mean(n->text, shape.values));
      } else if (shape.type == Type::string &&
                 utf8_length(n->text).value_or(0) > shape.max_length) {
        report_.add(Rule::bad_map, n->offset, "longer than the field's 'max_length'");
      }
      out.map.push_back({std::string(n->key), std::string(n->text), n->key_offset});
    }
  }

  const Document& document_;
  Report& report_;
};

}  // namespace

void compile_envelope(const Document& document, const Node& envelope, Report& report,
                      std::vector<EnvelopeField>& out) {
  if (envelope.count > kFieldsMax) {
    report.add(Rule::limit, envelope.offset, "more than " + std::to_string(kFieldsMax) + " fields");
  }
  EnvelopeCompiler compiler(document, report);
  out.reserve(std::min<std::size_t>(envelope.count, kFieldsMax));
  for (const Node* n = document.first(envelope); n && out.size() < kFieldsMax;
       n = document.next(*n)) {
    if (!compiler.envelope_field(*n, out.emplace_back())) out.pop_back();
  }
}

}  // namespace candor::catalog
