#include "commands.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "telemetry.h"

namespace ktx {
namespace {

using candor::Field;
using candor::Value;
using namespace std::chrono_literals;

std::string_view rows_bucket(std::uintmax_t rows) {
  if (rows < 10'000) return "<10k";
  if (rows < 100'000) return "<100k";
  if (rows < 1'000'000) return "<1M";
  if (rows < 10'000'000) return "<10M";
  return ">=10M";
}

std::uintmax_t rows_of(const Connection& connection) {
  std::ifstream file(connection.file);
  if (!file) throw Failure("ConnectionError", "can't open the connection's file");
  return static_cast<std::uintmax_t>(
      std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
}

// Characters are code points in every language.
std::int64_t characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void ingest_once(Context& ktx, const Connection& connection) {
  Models models;
  std::uintmax_t rows = 0;
  const Attempt attempt([&] {
    rows = rows_of(connection);
    models = ktx.project.models();
  });
  ktx.telemetry.emit("ingest_completed", {{"driver", connection.driver},
                                          {"isDemoConnection", connection.demo},
                                          {"schemaCount", models.files},
                                          {"tableCount", models.tables},
                                          {"columnCount", models.columns},
                                          {"rowsBucket", rows_bucket(rows)},
                                          {"durationMs", attempt.duration_ms()},
                                          {"outcome", attempt.outcome()},
                                          {"errorClass", attempt.error_class()},
                                          {"errorDetail", attempt.error_detail()}});
  attempt.rethrow();
  std::printf("%lld tables, %lld columns\n", static_cast<long long>(models.tables),
              static_cast<long long>(models.columns));
}

void say_step(Context& ktx, std::string_view step, std::string_view outcome,
              const Stopwatch& watch) {
  ktx.telemetry.emit("setup_step",
                     {{"step", step}, {"outcome", outcome}, {"durationMs", watch.ms()}});
}

}  // namespace

void setup(Context& ktx) {
  const Stopwatch project_watch;
  ktx.project.create();
  say_step(ktx, "project", "completed", project_watch);

  const Stopwatch databases_watch;
  const std::vector<Connection> connections = ktx.project.connections();
  say_step(ktx, "databases", connections.empty() ? "skipped" : "completed", databases_watch);

  std::vector<std::array<Field, 2>> fields;
  for (const Connection& one : connections) {
    fields.push_back({Field{"driver", one.driver}, Field{"isDemo", one.demo}});
  }
  std::vector<Value> connectors;
  for (const auto& one : fields) connectors.push_back(Value::object(one.data(), one.size()));
  ktx.telemetry.emit("project_stack_snapshot",
                     {{"connectors", Value::array(connectors.data(), connectors.size())},
                      {"connectionCount", connectors.size()},
                      {"hasSl", ktx.project.has("models")},
                      {"hasWiki", ktx.project.has("wiki")},
                      {"hasMcp", ktx.project.has("mcp")},
                      {"hasManagedRuntime", ktx.project.has("runtime")}});
  std::puts("project ready");
}

void connection_add(Context& ktx, const Connection& connection) {
  ktx.project.add(connection);
  ktx.telemetry.emit("connection_added",
                     {{"driver", connection.driver}, {"isDemoConnection", connection.demo}});
  std::puts("added");
}

void connection_test(Context& ktx, const std::string& name) {
  const Connection connection = ktx.project.connection(name);
  const Attempt attempt([&] { static_cast<void>(rows_of(connection)); });
  ktx.telemetry.emit("connection_test", {{"driver", connection.driver},
                                         {"isDemoConnection", connection.demo},
                                         {"outcome", attempt.outcome()},
                                         {"errorClass", attempt.error_class()},
                                         {"errorDetail", attempt.error_detail()},
                                         {"durationMs", attempt.duration_ms()}});
  attempt.rethrow();
  std::puts("connected");
}

void ingest(Context& ktx, const std::string& name, bool watch) {
  const Connection connection = ktx.project.connection(name);
  ingest_once(ktx, connection);
  if (!watch) return;
  std::puts("watching");
  std::fflush(stdout);
  const auto models = ktx.project.directory() / "models";
  auto seen = std::filesystem::last_write_time(models);
  for (;;) {
    if (ktx.stop) throw Interrupted();
    std::this_thread::sleep_for(20ms);
    const auto now = std::filesystem::last_write_time(models);
    if (now == seen) continue;
    seen = now;
    ingest_once(ktx, connection);
  }
}

void scan(Context& ktx, const std::string& name) {
  const Connection connection = ktx.project.connection(name);
  Models models;
  const Attempt attempt([&] { models = ktx.project.models(); });
  ktx.telemetry.emit("scan_completed", {{"driver", connection.driver},
                                        {"tableCount", models.tables},
                                        {"columnCount", models.columns},
                                        {"inferredFkCount", models.implied_joins},
                                        {"declaredFkCount", models.joins},
                                        {"durationMs", attempt.duration_ms()},
                                        {"outcome", attempt.outcome()},
                                        {"errorClass", attempt.error_class()},
                                        {"errorDetail", attempt.error_detail()}});
  attempt.rethrow();
  std::printf("%lld joins declared, %lld implied\n", static_cast<long long>(models.joins),
              static_cast<long long>(models.implied_joins));
}

void sl_validate(Context& ktx) {
  Models models;
  const Attempt attempt([&] {
    models = ktx.project.models();
    if (models.broken_joins > 0) throw Failure("ValidationError", "a join names no known table");
  });
  ktx.telemetry.emit("sl_validate_completed", {{"sourceCount", models.tables},
                                               {"modelCount", models.files},
                                               {"validationErrorCount", models.broken_joins},
                                               {"outcome", attempt.outcome()},
                                               {"errorClass", attempt.error_class()},
                                               {"durationMs", attempt.duration_ms()}});
  attempt.rethrow();
  std::puts("valid");
}

void sl_query(Context& ktx, const std::string& query, bool execute) {
  std::int64_t dimensions = 0, measures = 0;
  const Attempt attempt([&] {
    for (const std::string& word : words_of(query))
      ++(word.ends_with("()") ? measures : dimensions);
    if (measures > ktx.project.models().measures) {
      throw Failure("UnknownMeasure", "the models have no such measure");
    }
  });
  ktx.telemetry.emit("sl_query_completed", {{"mode", execute ? "execute" : "compile"},
                                            {"referencedSourceCount", dimensions > 0 ? 1 : 0},
                                            {"referencedDimensionCount", dimensions},
                                            {"referencedMeasureCount", measures},
                                            {"durationMs", attempt.duration_ms()},
                                            {"outcome", attempt.outcome()},
                                            {"errorClass", attempt.error_class()}});
  attempt.rethrow();
  std::puts("compiled");
}

void sql(Context& ktx, const std::string& name, const std::string& query) {
  const Connection connection = ktx.project.connection(name);
  const std::vector<std::string> words = words_of(lower(query));
  std::string_view verb = "other";
  for (const std::string_view known : {"select", "explain", "show", "with"}) {
    if (!words.empty() && words[0] == known) verb = known;
  }
  const std::int64_t tables =
      std::count_if(words.begin(), words.end(),
                    [](const std::string& word) { return word == "from" || word == "join"; });
  std::uintmax_t rows = 0;
  const Attempt attempt([&] {
    if (verb == "other") throw Failure("ReadOnly", "ktx only reads");
    rows = rows_of(connection);
  });
  ktx.telemetry.emit("sql_completed", {{"driver", connection.driver},
                                       {"isDemoConnection", connection.demo},
                                       {"queryVerb", verb},
                                       {"referencedTableCount", tables},
                                       {"durationMs", attempt.duration_ms()},
                                       {"outcome", attempt.outcome()},
                                       {"errorClass", attempt.error_class()}});
  attempt.rethrow();
  std::printf("%llu rows\n", static_cast<unsigned long long>(rows));
}

void wiki_query(Context& ktx, const std::string& text) {
  std::int64_t pages = 0;
  const Attempt attempt([&] { pages = ktx.project.search_wiki(text); });
  ktx.telemetry.emit("wiki_query_completed", {{"queryLength", characters(text)},
                                              {"resultCount", pages},
                                              {"durationMs", attempt.duration_ms()},
                                              {"outcome", attempt.outcome()}});
  attempt.rethrow();
  std::printf("%lld pages\n", static_cast<long long>(pages));
}

void mcp_call(Context& ktx, const std::string& tool, const std::string& client_name,
              const std::string& client_version) {
  const Attempt attempt([&] {
    if (tool == "list_connections") {
      static_cast<void>(ktx.project.connections());
    } else if (tool == "describe_models") {
      static_cast<void>(ktx.project.models());
    } else {
      throw Failure("UnknownTool", "there is no tool of that name");
    }
  });
  ktx.telemetry.emit("mcp_request_completed", {{"toolName", tool},
                                               {"outcome", attempt.outcome()},
                                               {"durationMs", attempt.duration_ms()},
                                               {"errorClass", attempt.error_class()},
                                               {"sampleRate", 1},
                                               {"mcpClientName", text_or_null(client_name)},
                                               {"mcpClientVersion", text_or_null(client_version)}});
  attempt.rethrow();
  // Standard output carries the protocol, and nothing else.
  std::puts("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
}

void history_filter(Context& ktx, const std::string& file, const std::string& dialect) {
  std::set<std::string> roles, excluded;
  std::int64_t unreadable = 0;
  const Attempt attempt([&] {
    std::ifstream in(file);
    if (!in) throw Failure("NoHistory", "can't read the query history");
    for (std::string line; std::getline(in, line);) {
      const std::vector<std::string> words = words_of(lower(line));
      if (words.empty()) continue;
      roles.insert(words[0]);
      if (words.size() < 2) ++unreadable;
      if (words[0].starts_with("service_")) excluded.insert(words[0]);
    }
  });
  ktx.telemetry.emit("query_history_filter_completed", {{"dialect", dialect},
                                                        {"consideredRoleCount", roles.size()},
                                                        {"excludedRoleCount", excluded.size()},
                                                        {"parseFailedCount", unreadable},
                                                        {"outcome", attempt.outcome()}});
  attempt.rethrow();
  std::printf("%zu of %zu roles kept\n", roles.size() - excluded.size(), roles.size());
}

}  // namespace ktx
