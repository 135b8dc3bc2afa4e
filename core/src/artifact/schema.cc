// The schema artifact: what the core accepts, as JSON Schema 2020-12, for anyone
// who has a validator. Keywords are chosen so that validators in every language
// agree with the core's encoder: lengths in code points, 1.0 is an integer, closed objects.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "artifact/artifact.h"
#include "base/text.h"
#include "catalog/keys.h"

namespace candor::artifact {
namespace {

using namespace catalog;

using Json = nlohmann::ordered_json;

// Milliseconds, UTC, as the core dates events. (?!\n): Python's $ also matches before a final
// newline.
constexpr char kTimestampRegex[] =
    R"(^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$(?!\n))";

Json number(double value) {
  constexpr double kExact = 9007199254740992.0;
  if (std::fabs(value) <= kExact && std::trunc(value) == value)
    return static_cast<std::int64_t>(value);
  return value;
}

void put(Json& to, const char* key, const std::string& text) {
  if (!text.empty()) to[key] = text;
}

Json fields_schema(const std::vector<Field>& fields);

Json shape_schema(const Shape& shape) {
  Json out = Json::object();
  switch (shape.type) {
    case Type::boolean: out["type"] = "boolean"; break;
    case Type::integer:
      out["type"] = "integer";
      out["minimum"] = shape.int_min;
      out["maximum"] = shape.int_max;
      break;
    case Type::number:
      out["type"] = "number";
      if (shape.has_num_min) out["minimum"] = number(shape.num_min);
      if (shape.has_num_max) out["maximum"] = number(shape.num_max);
      break;
    case Type::string:
      out["type"] = "string";
      out["maxLength"] = shape.max_length;
      put(out, "pattern", std::string(regex(shape.pattern)));
      break;
    case Type::enumeration:
      out["type"] = "string";
      out["enum"] = shape.values;
      break;
    case Type::array:
      out["type"] = "array";
      out["items"] = shape_schema(shape.element.front());
      out["minItems"] = shape.count_min;
      out["maxItems"] = shape.count_max;
      break;
    case Type::map:
      out["type"] = "object";
      out["propertyNames"] = {{"maxLength", shape.max_length}};
      out["additionalProperties"] = shape_schema(shape.element.front());
      out["maxProperties"] = shape.count_max;
      break;
    case Type::object: out = fields_schema(shape.fields); break;
  }
  Json about = Json::object();
  if (shape.klass != Class::technical)
    about["class"] = kClasses[static_cast<std::size_t>(shape.klass)];
  if (shape.type == Type::string && shape.pattern != Pattern::none)
    about["pattern"] = name(shape.pattern);
  if (!about.empty()) out["x-candor"] = std::move(about);
  return out;
}

Json field_schema(const Field& field) {
  Json out = Json::object();
  put(out, "description", field.description);
  if (!field.deprecated.empty()) out["deprecated"] = true;
  out.update(shape_schema(field.shape));
  if (field.unit.empty() && field.since.empty() && field.deprecated.empty()) return out;
  Json& about = out["x-candor"];
  put(about, "unit", field.unit);
  put(about, "since", field.since);
  put(about, "deprecated", field.deprecated);
  return out;
}

// A closed object. The order of its properties is the order of the bytes on the wire.
Json closed_object(Json properties, Json required) {
  Json out = Json::object();
  out["type"] = "object";
  out["properties"] = std::move(properties);
  out["required"] = std::move(required);
  out["additionalProperties"] = false;
  return out;
}

Json fields_schema(const std::vector<Field>& fields) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    properties[field.name] = field_schema(field);
    if (!field.optional) required.push_back(field.name);
  }
  return closed_object(std::move(properties), std::move(required));
}

Json envelope_schema(const EnvelopeField& field) {
  Json out = field_schema(field.field);
  if (!field.constant.empty()) out["const"] = Json::parse(field.constant, nullptr, false);
  Json& about = out["x-candor"];
  put(about, "source", field.source);
  if (!field.map.empty()) {
    auto entries = field.map;
    std::ranges::sort(entries, {}, &MapEntry::said);
    Json& map = about["map"] = Json::object();
    for (const MapEntry& entry : entries) map[entry.said] = entry.sent;
  }
  return out;
}

// A name that no event can have, so that both kinds of definition live under $defs.
std::string definition(const EnvelopeField& field) { return "envelope." + field.field.name; }

// What an event's `properties` may be.
Json event_schema(const Event& event, const Catalog& catalog) {
  Json own = fields_schema(event.fields);
  Json properties = Json::object(), required = Json::array();
  for (const EnvelopeField& field : catalog.envelope) {
    properties[field.field.name] = {{"$ref", "#/$defs/" + definition(field)}};
    if (!field.field.optional) required.push_back(field.field.name);
  }
  properties.update(own["properties"]);
  for (Json& name : own["required"]) required.push_back(std::move(name));

  Json out = Json::object();
  put(out, "description", event.description);
  out.update(closed_object(std::move(properties), std::move(required)));
  Json& about = out["x-candor"] = Json::object();
  put(about, "owner", event.owner);
  put(about, "purpose", event.purpose);
  if (!event.runtimes.empty()) {
    auto runtimes = event.runtimes;
    std::sort(runtimes.begin(), runtimes.end());
    about["runtimes"] = runtimes;
  }
  put(about, "since", event.since);
  put(about, "expires", event.expires);
  if (event.retention_days > 0) about["retention_days"] = event.retention_days;
  return out;
}

Json about_catalog(const Catalog& catalog) {
  const Product& product = catalog.product;
  Json out = Json::object();
  out["format"] = 1;
  out["catalog"] = catalog.name;
  out["product"] = {{"name", product.name},
                    {"home", product.home},
                    {"env_prefix", product.env_prefix},
                    {"consent", kConsentModes[static_cast<std::size_t>(product.consent)]},
                    {"ci", kCiModes[product.send_in_ci ? 1 : 0]}};
  if (product.notice_version > 0) {
    out["product"]["notice"] = {{"version", product.notice_version},
                                {"text", product.notice_text},
                                {"hold_first_run", product.notice_hold_first_run}};
  }
  out["sinks"] = Json::array();
  for (const Sink& sink : catalog.sinks) {
    out["sinks"].push_back({{"type", sink.type},
                            {"host", sink.host},
                            {"project_key", sink.project_key},
                            {"protocol", sink.protocol},
                            {"geoip", sink.geoip},
                            {"person_profiles", sink.person_profiles},
                            {"server", sink.server}});
  }
  return out;
}

Json text_schema(std::string_view pattern, std::size_t length) {
  return {{"type", "string"}, {"maxLength", length}, {"pattern", pattern}};
}

Json event_schemas(const Catalog& catalog) {
  std::vector<const Event*> events;  // by name: their order in the file means nothing
  for (const Event& event : catalog.events) events.push_back(&event);
  std::sort(events.begin(), events.end(),
            [](const Event* a, const Event* b) { return a->name < b->name; });

  Json names = Json::array(), choices = Json::array(), definitions = Json::object();
  for (const EnvelopeField& field : catalog.envelope) {
    definitions[definition(field)] = envelope_schema(field);
  }
  for (const Event* event : events) {
    names.push_back(event->name);
    choices.push_back(
        {{"if", {{"properties", {{"event", {{"const", event->name}}}}}, {"required", {"event"}}}},
         {"then", {{"properties", {{"properties", {{"$ref", "#/$defs/" + event->name}}}}}}}});
    definitions[event->name] = event_schema(*event, catalog);
  }

  Json properties = Json::object();
  properties["event"] = events.empty() ? Json(false) : Json{{"enum", std::move(names)}};
  properties["uuid"] = text_schema(regex(Pattern::uuid), 36);
  properties["timestamp"] = text_schema(kTimestampRegex, 24);
  properties["properties"] = {{"type", "object"}};

  Json out = Json::object();
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = catalog.product.name + " telemetry event";
  out["description"] =
      "Generated from the catalog '" + catalog.name + "' by candor schema; do not edit.";
  out.update(closed_object(std::move(properties), {"event", "uuid", "timestamp", "properties"}));
  if (!events.empty()) out["allOf"] = std::move(choices);
  out["$defs"] = std::move(definitions);
  out["x-candor"] = about_catalog(catalog);
  return out;
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string one_line(const Json& json) {
  if (!json.is_structured()) return compact(json);
  std::string out(1, json.is_object() ? '{' : '[');
  for (auto it = json.begin(); it != json.end(); ++it) {
    if (it != json.begin()) out += ", ";
    if (json.is_object()) out += compact(it.key()) + ": ";
    out += one_line(*it);
  }
  return out + (json.is_object() ? '}' : ']');
}

// One line where it fits, so that a changed field is one changed line.
void print(const Json& json, std::size_t indent, std::size_t before, std::string& out) {
  constexpr std::size_t kColumnsMax = 100;
  const std::string line = one_line(json);
  if (!json.is_structured() || json.empty() || indent + before + line.size() <= kColumnsMax) {
    out += line;
    return;
  }
  const std::string margin(indent + 2, ' ');
  out += json.is_object() ? "{\n" : "[\n";
  for (auto it = json.begin(); it != json.end(); ++it) {
    if (it != json.begin()) out += ",\n";
    out += margin;
    std::string key;
    if (json.is_object()) key = compact(it.key()) + ": ";
    out += key;
    print(*it, indent + 2, key.size(), out);
  }
  out += "\n" + margin.substr(2) + (json.is_object() ? "}" : "]");
}

}  // namespace

std::string schema(const Catalog& catalog) {
  Json whole = event_schemas(catalog);
  whole["x-candor"]["hash"] = sha256_hex(compact(whole));
  std::string out;
  print(whole, 0, 0, out);
  return out + "\n";
}

std::string hash(const Catalog& catalog) { return sha256_hex(compact(event_schemas(catalog))); }

}  // namespace candor::artifact
