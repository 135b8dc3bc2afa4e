// The candor command: its command line, and nothing else. What the subcommands do is
// in the files beside this one.
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "candor/version.h"
#include "commands.h"
#include "detached.h"
#include "help.h"
#include "terminal.h"

namespace candor::cli {
namespace {

constexpr char kFile[] = "FILE";
constexpr char kDir[] = "DIR";
constexpr char kText[] = "TEXT";

std::optional<Delivery> parse_delivery(std::string_view word) {
  if (word == "auto") return Delivery::automatic;
  if (word == "background") return Delivery::background;
  if (word == "detached") return Delivery::detached;
  if (word == "manual") return Delivery::manual;
  return {};
}

// The arguments of every subcommand, and the one that was chosen.
struct CommandLine {
  CLI::App app{kDescription, "candor"};
  ProductArgs product;
  CheckArgs check;
  SchemaArgs schema;
  GenerateArgs types;
  EmitArgs emit;
  ShowArgs show;
  FlushArgs flush;
  StatusArgs status;
  std::string shell;
  std::string event;
  std::string topic;  // of help
  std::function<int()> run;

  CommandLine();
  CLI::App* add(const char* name, const char* description, const char* footer,
                std::function<int()> command);
  CLI::App* add_for_product(const char* name, const char* description, const char* footer,
                            std::function<int()> command);
  void add_product_options(CLI::App& to);
  void add_destination(CLI::App& sub, Destination& to);
  void add_emit();
  [[nodiscard]] std::vector<CommandInfo> describe() const;
  [[nodiscard]] std::string no_command(const std::string& name) const;
  int help() const;
  int complain_about(const CLI::ParseError& error) const;
};

CLI::App* CommandLine::add(const char* name, const char* description, const char* footer,
                           std::function<int()> command) {
  CLI::App* const sub = app.add_subcommand(name, description);
  sub->footer(footer);
  sub->group("Commands");
  sub->set_help_flag("-h,--help", "Show this help");
  sub->callback([this, command = std::move(command)] { run = command; });
  return sub;
}

CLI::App* CommandLine::add_for_product(const char* name, const char* description,
                                       const char* footer, std::function<int()> command) {
  CLI::App* const sub = add(name, description, footer, [this, command = std::move(command)] {
    if (!product.catalog.empty()) return command();
    return misuse("no catalog: pass --catalog FILE or set CANDOR_CATALOG");
  });
  add_product_options(*sub);
  return sub;
}

void CommandLine::add_product_options(CLI::App& to) {
  to.add_option("--catalog", product.catalog, "The product's catalog")
      ->option_text("FILE (or CANDOR_CATALOG)")
      ->type_name(kFile);
  to.add_option("--home", product.home, "The product's directory, instead of the catalog's")
      ->type_name(kDir);
  to.add_option("--policy-file", product.policy_file,
                "The machine's policy, instead of " + product.policy_file)
      ->type_name(kFile);
}

void CommandLine::add_destination(CLI::App& sub, Destination& to) {
  CLI::Option* const output =
      sub.add_option("-o,--output", to.output, "Write here instead of standard output");
  output->type_name(kFile);
  sub.add_option("--check", to.check, "Compare with this file; show what differs")
      ->type_name(kFile)
      ->excludes(output);
}

void CommandLine::add_emit() {
  CLI::App* const sub =
      add_for_product("emit", "Record one event, or one a line with -", kEmitFooter, [this] {
        emit.product = product;
        return cli::emit(emit);
      });
  sub->add_option("EVENT", emit.event, "The event's name, or - for JSON lines from standard input")
      ->required();
  sub->add_option("FIELDS", emit.fields, "name=text or name:=JSON");
  sub->add_option("--product-version", emit.product_version, "Envelope source product.version")
      ->type_name(kText);
  sub->add_option("--runtime", emit.runtime, "Envelope source runtime.name; cpp when not given")
      ->type_name(kText);
  sub->add_option("--runtime-version", emit.runtime_version, "Envelope source runtime.version")
      ->type_name(kText);
  sub->add_option("--source", emit.sources, "Another envelope source; may be repeated")
      ->option_text("NAME=TEXT or NAME:=JSON")
      ->type_name(kText)
      ->allow_extra_args(false);
  sub->add_option("--timestamp", emit.timestamp, "When it happened (RFC 3339, or ms since 1970)")
      ->type_name("TIME");
  sub->add_option("--uuid", emit.uuid, "The event's UUID, so that a repetition counts once")
      ->type_name("UUID");
  sub->add_flag("--return-uuid", emit.return_uuid, "Print the UUID of the event when accepted");
  sub->add_option("--distinct-id", emit.distinct_id, "Who it is about, instead of the install id")
      ->type_name(kText);
  sub->add_option("--project-dir", emit.project_dir, "The user's project; sent as a salted hash")
      ->type_name(kDir);
  sub->add_option("--project-id", emit.project_id, "The project's hash, instead of its directory")
      ->type_name("HASH");
  const auto set_delivery = [this](const std::string& word) {
    const auto delivery = parse_delivery(word);
    if (!delivery) {
      throw CLI::ValidationError("--delivery", "one of auto, background, detached, manual");
    }
    emit.delivery = *delivery;
  };
  sub->add_option_function<std::string>(
         "--delivery", set_delivery,
         "Who sends: auto (the default), background (this process, as long as it runs), "
         "detached (a process of its own), manual (a later run or candor flush)")
      ->option_text("HOW")
      ->type_name("HOW");
  sub->add_flag("-n,--dry-run", emit.dry_run,
                "Print the exact bytes and keep nothing; works when telemetry is off");
  sub->add_flag("--json", emit.json, "Answer in JSON, a line for each event");
  sub->add_flag("-v,--verbose", emit.verbose, "Say what became of each event");
}

CommandLine::CommandLine() {
  app.set_help_flag("-h,--help", "Show this help");
  app.set_version_flag("--version", std::string("candor ") + kVersion, "Show the version");
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("Positionals", "Arguments");
  app.require_subcommand(1);
  add_product_options(app);

  CLI::App* sub = add("check", "Find what is wrong with catalogs", kCheckFooter, [this] {
    if (check.catalogs.empty() && !product.catalog.empty()) check.catalogs = {product.catalog};
    if (check.catalogs.empty() && !check.rules) return misuse("check: no catalog given");
    return cli::check(check);
  });
  sub->add_option("CATALOG", check.catalogs, "Catalog files; - for standard input");
  sub->add_flag("--json", check.json, "Print an array of problems");
  sub->add_flag("--rules", check.rules, "List the rules and what each is for");
  sub->add_flag("--warnings-as-errors", check.warnings_as_errors, "Exit with 1 on warnings too");

  sub =
      add("schema", "Write a catalog's JSON Schema, or check a written one", kSchemaFooter, [this] {
        if (schema.catalog.empty()) schema.catalog = product.catalog;
        if (schema.catalog.empty()) return misuse("schema: no catalog given");
        return cli::schema(schema);
      });
  sub->add_option("CATALOG", schema.catalog, "The catalog file; - for standard input");
  add_destination(*sub, schema.to);

  sub = add("generate", "Write types for a catalog's events, or check written ones",
            kGenerateFooter, [this] {
              if (types.catalog.empty()) types.catalog = product.catalog;
              if (types.catalog.empty()) return misuse("generate: no catalog given");
              return cli::generate(types);
            });
  sub->add_option("CATALOG", types.catalog, "The catalog file; - for standard input");
  sub->add_option("--language", types.language, "typescript or python")
      ->required()
      ->option_text("typescript|python")
      ->type_name(kText);
  add_destination(*sub, types.to);

  add_emit();

  sub = add_for_product("flush", "Send what waits, now", kFlushFooter, [this] {
    flush.product = product;
    return cli::flush(flush);
  });
  sub->add_option("--timeout-ms", flush.timeout_ms, "Give up after so long; 30000 when not given")
      ->type_name("MS")
      ->check(CLI::Range(0, 24 * 60 * 60 * 1000));

  sub = add_for_product("show", "Print the events that wait to be sent", kShowFooter, [this] {
    show.product = product;
    return cli::show(show);
  });
  CLI::Option* const refused =
      sub->add_flag("--refused", show.refused, "The last events that the server refused, instead");
  sub->add_flag("--pretty", show.pretty, "Indented, for reading");
  CLI::Option* const count = sub->add_flag("--count", show.count, "Only how many there are");
  sub->add_flag("--wire", show.wire, "The requests that a server would get")
      ->excludes(refused)
      ->excludes(count);

  sub =
      add_for_product("status", "Explain whether telemetry is on, and why", kStatusFooter, [this] {
        status.product = product;
        return cli::status(status);
      });
  sub->add_flag("--json", status.json, "For programs");

  add_for_product("enable", "Turn telemetry on for this user", kEnableFooter,
                  [this] { return cli::enable(product); });
  add_for_product("disable", "Turn telemetry off and delete what waits", kDisableFooter,
                  [this] { return cli::disable(product); });

  sub = add("completion", "Print a completion script for a shell", kCompletionFooter,
            [this] { return cli::completion(shell, describe()); });
  sub->add_option("SHELL", shell, "bash, zsh or fish")->required();

  add("version", "Show the version", "",
      [] { return out(std::string("candor ") + kVersion + '\n'), kDone; });

  sub = add("help", "Show this help, or a command's", "", [this] { return help(); });
  sub->add_option("COMMAND", topic);

  sub = add("upload", kUploadDescription, "", [] { return upload_detached(); });
  sub->group("");

  // For the completion scripts; an empty group hides them.
  add_for_product("__events", "", "", [this] { return list_events(product); })->group("");
  sub = add_for_product("__fields", "", "", [this] { return list_fields(product, event); });
  sub->group("");
  sub->add_option("EVENT", event);
}

std::vector<CommandInfo> CommandLine::describe() const {
  std::vector<CommandInfo> commands;
  const auto add_app = [&commands](const CLI::App& from, std::string name) {
    CommandInfo& to = commands.emplace_back();
    to.name = std::move(name);
    to.description = from.get_description();
    for (const CLI::Option* option : from.get_options()) {
      const std::string type = option->get_type_name();
      const bool file = type == kFile || type == kDir;
      const bool value = option->get_expected_max() > 0 && !type.empty();
      const auto each = [&](const std::string& dashed) {
        to.options.push_back({dashed, option->get_description(), file, value && !file});
      };
      for (const auto& letter : option->get_snames()) each('-' + letter);
      for (const auto& word : option->get_lnames()) each("--" + word);
    }
  };
  add_app(app, "");
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) add_app(*sub, sub->get_name());
  }
  return commands;
}

std::string CommandLine::no_command(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& info : describe()) names.push_back(info.name);
  const std::string_view near = nearest(name, names);
  return "there is no command " + printable(name) +
         (near.empty() ? "" : "; did you mean " + std::string(near) + '?');
}

int CommandLine::help() const {
  const auto print = [](const CLI::App& about, const std::string& name) {
    out(about.get_formatter()->make_help(&about, name, CLI::AppFormatMode::Normal));
    return kDone;
  };
  if (topic.empty()) return print(app, "candor");
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == topic) return print(*sub, "candor " + topic);
  }
  return misuse(no_command(topic) + "\nSee `candor help`.");
}

// Says what is wrong without repeating a value: of an argument like name=text only the name.
int CommandLine::complain_about(const CLI::ParseError& error) const {
  std::string command = "candor";
  const auto chosen = app.get_subcommands();
  if (!chosen.empty()) command += ' ' + chosen.front()->get_name();
  std::string text = error.what();
  const auto unknown = app.remaining(true);
  if (chosen.empty() && !unknown.empty() && !unknown.front().starts_with('-')) {
    text = no_command(unknown.front());
  } else if (!unknown.empty()) {
    text = "unexpected argument " + printable(unknown.front().substr(0, unknown.front().find('=')));
  } else if (chosen.empty()) {
    text = "no command given";
  }
  return misuse(text + "\nSee `" + command + " --help`.");
}

int run(int argc, char** argv) {
  // Not for people: what a client that ends starts in the background.
  if (argc == 2 && std::string_view(argv[1]) == "upload") return upload_detached();
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out(line.app.help());
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    out(std::string(version.what()) + '\n');
    return kDone;
  } catch (const CLI::ParseError& error) { return line.complain_about(error); }
  if (const char* const catalog = std::getenv("CANDOR_CATALOG");
      catalog != nullptr && line.product.catalog.empty()) {
    line.product.catalog = catalog;
  }
  return line.run();
}

}  // namespace
}  // namespace candor::cli

int main(int argc, char** argv) {
  using namespace candor::cli;
  int code = kFailed;
  try {
    code = run(argc, argv);
  } catch (const std::exception& error) {  // only memory running out gets here
    complain(error.what());
  }
  if (!flush_out()) {
    complain("standard output could not be written");
    if (code == kDone) code = kFailed;
  }
  return code;
}
