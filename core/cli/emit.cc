// emit: one event from the arguments, or one a line from standard input, so that
// a shell script, or any program that can write to a pipe, can use candor.
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "assignment.h"
#include "candor/client.h"
#include "catalog/catalog.h"
#include "commands.h"
#include "emitter.h"
#include "event_lines.h"
#include "identity/identity.h"
#include "platform/random.h"
#include "product.h"
#include "terminal.h"
#include "time_text.h"

namespace candor::cli {
namespace {

Done add_source(Options& options, const std::string& argument) {
  JsonText store;
  const auto source = parse_assignment(argument, store);
  if (!source) return Error{"--source: " + source.error().text};
  if (!catalog::is_source(source->name)) {
    return Error{"--source: " + printable(source->name) +
                 " is no envelope source; a host's own is called host.NAME"};
  }
  SourceValue& to = options.sources[std::string(source->name)];
  const Value& value = source->value;
  switch (value.kind()) {
    case Value::Kind::string: to = std::string(value.string()); return {};
    case Value::Kind::boolean: to = value.boolean(); return {};
    case Value::Kind::integer: to = value.integer(); return {};
    case Value::Kind::number: to = value.number(); return {};
    default:
      return Error{"--source: " + printable(source->name) + " takes text, a number or a boolean"};
  }
}

// What the fields of the arguments point into stays in `stores`.
Expected<std::vector<Field>> parse_fields(const std::vector<std::string>& arguments,
                                          std::deque<JsonText>& stores) {
  std::vector<Field> fields;
  fields.reserve(arguments.size());
  for (const auto& argument : arguments) {
    const auto field = parse_assignment(argument, stores.emplace_back());
    if (!field) return field.error();
    fields.push_back(*field);
  }
  return fields;
}

}  // namespace

int emit(const EmitArgs& args) {
  EmitOptions defaults;
  if (args.distinct_id) defaults.distinct_id = *args.distinct_id;
  if (!args.uuid.empty()) defaults.uuid = args.uuid;
  defaults.return_uuid = args.return_uuid;
  defaults.project_id = args.project_id;
  if (!args.timestamp.empty()) {
    defaults.timestamp_ms = parse_time(args.timestamp);
    if (!defaults.timestamp_ms) {
      return misuse(
          "--timestamp: expected a time like 2026-01-02T03:04:05.678Z, or milliseconds since 1970");
    }
  }
  if (!args.uuid.empty() && !is_uuid(args.uuid)) {
    return misuse("--uuid: expected a lower-case UUID");
  }
  if (!args.project_id.empty() && !identity::is_project_id(args.project_id)) {
    return misuse("--project-id: expected 64 characters of lower-case hex");
  }
  const bool from_stdin = args.event == "-";
  if (from_stdin && (!args.fields.empty() || !args.uuid.empty())) {
    return misuse("with -, fields and uuid come from standard input");
  }

  Options options = client_options(args.product);
  options.product_version = args.product_version;
  options.runtime = args.runtime;
  options.runtime_version = args.runtime_version;
  options.project_dir = args.project_dir;
  options.delivery = args.delivery;
  if (!from_stdin && options.delivery == Delivery::automatic) {
    options.delivery = Delivery::detached;  // one event: known to be short-lived
  }
  for (const auto& source : args.sources) {
    if (const Done added = add_source(options, source); !added) {
      return misuse(added.error().text);
    }
  }
  std::deque<JsonText> stores;
  const auto fields = parse_fields(args.fields, stores);
  if (!fields) return misuse(fields.error().text);

  Emitter emitter(args, std::move(options));
  if (from_stdin) return emit_lines(emitter, defaults);
  emitter.emit({args.event, *fields, defaults}, 0);
  return emitter.finish();
}

}  // namespace candor::cli
