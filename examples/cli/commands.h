// What each command does, and the events it says about it.
#pragma once

#include <csignal>
#include <string>

#include "candor/client.h"
#include "project.h"

namespace ktx {

struct Context {
  const Project& project;
  candor::Client& telemetry;
  // Set by a signal handler when the user wants the command to stop.
  const volatile std::sig_atomic_t& stop;
};

void setup(Context& ktx);
void connection_add(Context& ktx, const Connection& connection);
void connection_test(Context& ktx, const std::string& name);
// With `watch`, again each time the models change, until a signal comes.
void ingest(Context& ktx, const std::string& name, bool watch);
void scan(Context& ktx, const std::string& name);
void sl_validate(Context& ktx);
void sl_query(Context& ktx, const std::string& query, bool execute);
void sql(Context& ktx, const std::string& name, const std::string& query);
void wiki_query(Context& ktx, const std::string& text);
void mcp_call(Context& ktx, const std::string& tool, const std::string& client_name,
              const std::string& client_version);
// Reads lines `ROLE QUERY` and counts the roles whose queries are worth learning from.
void history_filter(Context& ktx, const std::string& file, const std::string& dialect);

}  // namespace ktx
