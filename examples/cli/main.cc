// ktx, the example product's command line: what is asked for, and the span around it.
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "telemetry.h"

namespace {

// The first signal that asked the command to stop; 0: none did.
volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int signal) {
  if (stop_asked == 0) stop_asked = signal;
}

using Action = std::function<void(ktx::Context&)>;

// The names of the flags that were given, never their values.
void collect_flags(const CLI::App& command, std::vector<std::string>& flags) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) {
      flags.push_back(option->get_lnames().front());
    }
  }
}

int run(const CLI::App& app, const ktx::Project& project, const Action& action) {
  const auto telemetry = ktx::open_telemetry(project);
  std::vector<std::string> path, flags;
  collect_flags(app, flags);
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path.push_back(at->get_name());
    collect_flags(*at, flags);
  }
  ktx::CommandSpan span(*telemetry, path, flags, project.exists());
  ktx::Context context{project, *telemetry, stop_asked};
  try {
    action(context);
    span.ok();
    return 0;
  } catch (const ktx::Interrupted&) {
    span.aborted();
    return 128 + stop_asked;  // as a shell reports a process that the signal ended
  } catch (const ktx::Failure& failure) {
    span.error(failure.kind, failure.what());
    std::fprintf(stderr, "ktx: %s\n", failure.what());
  } catch (const std::exception& error) {
    span.error("InternalError");
    std::fprintf(stderr, "ktx: %s\n", error.what());
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers questions about your data.", "ktx");
  app.set_version_flag("--version", ktx::kVersion);
  app.require_subcommand(1);
  app.fallthrough();  // --project may stand behind the command as well
  std::string directory = ".";
  app.add_option("--project", directory, "The project's directory")->capture_default_str();

  Action action;
  const auto add = [&action](CLI::App* to, const char* name, const char* about, Action what) {
    CLI::App* command = to->add_subcommand(name, about);
    command->callback([&action, what = std::move(what)] { action = what; });
    return command;
  };
  const auto group = [&app](const char* name, const char* about) {
    CLI::App* made = app.add_subcommand(name, about);
    made->require_subcommand(1);
    return made;
  };

  std::string name, text, client_name, client_version, dialect = "postgres";
  bool execute = false, watch = false;
  ktx::Connection connection;

  add(&app, "setup", "Makes a project", [](auto& ktx) { setup(ktx); });

  CLI::App* connections = group("connection", "The project's databases");
  CLI::App* added = add(connections, "add", "Adds a connection",
                        [&](auto& ktx) { connection_add(ktx, connection); });
  added->add_option("name", connection.name)->required();
  added->add_option("--driver", connection.driver)->required();
  added->add_option("--file", connection.file)->required();
  added->add_flag("--demo", connection.demo);
  add(connections, "test", "Tries a connection", [&](auto& ktx) { connection_test(ktx, name); })
      ->add_option("name", name)
      ->required();

  CLI::App* ingested =
      add(&app, "ingest", "Learns a database", [&](auto& ktx) { ktx::ingest(ktx, name, watch); });
  ingested->add_option("name", name)->required();
  ingested->add_flag("--watch", watch, "Go on until interrupted");
  add(&app, "scan", "Looks for joins", [&](auto& ktx) { scan(ktx, name); })
      ->add_option("name", name)
      ->required();

  CLI::App* layer = group("sl", "The semantic layer");
  add(layer, "validate", "Checks the models", [](auto& ktx) { sl_validate(ktx); });
  CLI::App* queried = add(layer, "query", "Compiles a query of dimensions and measures()",
                          [&](auto& ktx) { sl_query(ktx, text, execute); });
  queried->add_option("query", text)->required();
  queried->add_flag("--execute", execute);

  CLI::App* statement =
      add(&app, "sql", "Runs a statement", [&](auto& ktx) { sql(ktx, name, text); });
  statement->add_option("name", name)->required();
  statement->add_option("query", text)->required();

  add(group("wiki", "The project's prose"), "query", "Finds pages",
      [&](auto& ktx) { wiki_query(ktx, text); })
      ->add_option("text", text)
      ->required();

  CLI::App* call = add(group("mcp", "Tools for agents"), "call", "Calls one tool",
                       [&](auto& ktx) { mcp_call(ktx, name, client_name, client_version); });
  call->add_option("tool", name)->required();
  call->add_option("--client-name", client_name);
  call->add_option("--client-version", client_version);

  CLI::App* filter = add(group("history", "Past queries"), "filter", "Chooses whose to learn from",
                         [&](auto& ktx) { history_filter(ktx, text, dialect); });
  filter->add_option("file", text)->required();
  filter->add_option("--dialect", dialect)->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // --help and --version come by here, too
  }
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  return run(app, ktx::Project(directory), action);
}
