// The subcommands: what each is told, and the function that does it. Each
// returns what the process exits with (terminal.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "candor/options.h"

namespace candor::cli {

// Which product a command is about.
struct ProductArgs {
  std::string catalog;  // --catalog or CANDOR_CATALOG
  std::string home;     // replaces the catalog's
  std::string policy_file = "/etc/candor/policy.json";
};

struct CheckArgs {
  std::vector<std::string> catalogs;  // "-" is standard input
  bool json = false;
  bool rules = false;
  bool warnings_as_errors = false;
};
int check(const CheckArgs& args);

// Where a generated text goes.
struct Destination {
  std::string output;  // empty: standard output
  std::string check;   // compare with this file instead of writing
};

struct SchemaArgs {
  std::string catalog;
  Destination to;
};
int schema(const SchemaArgs& args);

struct GenerateArgs {
  std::string catalog;
  std::string language;
  Destination to;
};
int generate(const GenerateArgs& args);

struct EmitArgs {
  ProductArgs product;
  std::string event;  // "-": JSON lines from standard input
  std::vector<std::string> fields;
  std::vector<std::string> sources;
  std::string product_version;
  std::string runtime = "cpp";
  std::string runtime_version;
  std::string timestamp;
  std::string uuid;
  bool return_uuid = false;
  std::optional<std::string> distinct_id;
  std::string project_dir;
  std::string project_id;
  Delivery delivery = Delivery::automatic;
  bool dry_run = false;
  bool json = false;
  bool verbose = false;
};
int emit(const EmitArgs& args);

struct ShowArgs {
  ProductArgs product;
  bool refused = false;  // those that the server refused, instead of those that wait
  bool pretty = false;
  bool count = false;
  bool wire = false;  // as a server gets them
};
int show(const ShowArgs& args);

struct FlushArgs {
  ProductArgs product;
  std::int32_t timeout_ms = 30'000;
};
int flush(const FlushArgs& args);

struct StatusArgs {
  ProductArgs product;
  bool json = false;
};
int status(const StatusArgs& args);
int enable(const ProductArgs& args);
int disable(const ProductArgs& args);

// What completion needs to know of the command line.
struct CommandInfo {
  struct Option {
    std::string name;  // "--catalog" or "-o"
    std::string description;
    bool takes_file = false;   // a file or directory follows
    bool takes_value = false;  // anything else follows
  };
  std::string name;  // empty: the command itself
  std::string description;
  std::vector<Option> options;
};
int completion(const std::string& shell, const std::vector<CommandInfo>& commands);
// For the scripts that `completion` prints: the catalog's events, one a line, and an
// event's fields as an argument of emit begins, "name=" or "count:=".
int list_events(const ProductArgs& args);
int list_fields(const ProductArgs& args, const std::string& event);

}  // namespace candor::cli
