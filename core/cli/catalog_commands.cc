// check, schema and generate: what a maintainer runs on a catalog file.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "artifact/artifact.h"
#include "catalog/catalog.h"
#include "commands.h"
#include "diff.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "product.h"
#include "terminal.h"

namespace candor::cli {
namespace {

// An artifact that is larger than this was not written by this command.
constexpr std::size_t kArtifactBytesMax = 16 * catalog::kCatalogBytesMax;

std::string today() {
  std::array<char, kTimestampBytes> text;
  format_timestamp(unix_ms(), text);
  return std::string(text.data(), std::strlen("2026-01-02"));
}

void print(const std::string& path, const catalog::Problem& problem, const Colours& colour) {
  std::string line = describe(path, problem);
  if (*colour.off != '\0') {
    const bool error = problem.severity == catalog::Severity::error;
    const std::string_view word = error ? "error:" : "warning:";
    const std::size_t at = line.find(word);
    line.insert(at + word.size(), colour.off);
    line.insert(at, error ? colour.red : colour.yellow);
  }
  out(line + '\n');
}

int list_rules() {
  for (const auto& rule : catalog::rules()) {
    std::string line(rule.name);
    line.resize(std::max<std::size_t>(line.size() + 1, 22), ' ');
    line += rule.severity == catalog::Severity::error ? "error    " : "warning  ";
    out(line.append(rule.summary) + '\n');
  }
  return kDone;
}

// Writes the whole file or says why not.
Done write_file(const std::string& path, std::string_view text) {
  FILE* const file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return Error{path + " cannot be written: " + std::strerror(errno), errno};
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) {
    return Error{path + " cannot be written: " + std::strerror(errno), errno};
  }
  return {};
}

// Compares what a catalog means with a committed file. `command` writes that file, when "-o FILE"
// is added.
int compare(const Destination& to, const std::string& catalog, const std::string& command,
            std::string_view text) {
  const auto committed = file::read(to.check, kArtifactBytesMax);
  if (committed && *committed == text) return kDone;
  const std::string remedy = "candor " + command + " -o " + to.check;
  if (!committed) {
    complain(committed.error().text + "\nTo write it: " + remedy);
    return kFailed;
  }
  out("--- " + to.check + "\n+++ what " + catalog + " means\n");
  out(diff(*committed, text));
  complain(to.check + " is out of date. To write it anew: " + remedy);
  return kFailed;
}

int deliver(const Destination& to, const std::string& catalog, const std::string& command,
            std::string_view text) {
  if (!to.check.empty()) return compare(to, catalog, command, text);
  if (to.output.empty()) {
    out(text);
    return kDone;
  }
  const Done written = write_file(to.output, text);
  return written ? kDone : fail(written.error());
}

}  // namespace

int check(const CheckArgs& args) {
  if (args.rules) return list_rules();
  const Colours colour = colours(Stream::out);
  auto report = nlohmann::ordered_json::array();
  std::size_t errors = 0, warnings = 0;
  bool unreadable = false;
  for (const auto& path : args.catalogs) {
    const auto text = read_catalog(path);
    if (!text) {
      complain(text.error().text);
      unreadable = true;
      continue;
    }
    for (const auto& problem : catalog::check(*text, today()).problems) {
      const bool error = problem.severity == catalog::Severity::error;
      ++(error ? errors : warnings);
      if (!args.json) {
        print(path, problem, colour);
        continue;
      }
      report.push_back({{"file", path},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"severity", error ? "error" : "warning"},
                        {"rule", problem.rule},
                        {"text", problem.text}});
    }
  }
  if (args.json) {
    out(report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  } else if (is_terminal(Stream::err) && !unreadable) {
    const std::string files = counted(args.catalogs.size(), "catalog");
    complain(errors + warnings == 0 ? files + " without a problem"
                                    : counted(errors, "error") + " and " +
                                          counted(warnings, "warning") + " in " + files);
  }
  const bool failed = unreadable || errors > 0 || (args.warnings_as_errors && warnings > 0);
  return failed ? kFailed : kDone;
}

int schema(const SchemaArgs& args) {
  const auto catalog = load_catalog(args.catalog);
  if (!catalog) return fail(catalog.error());
  return deliver(args.to, args.catalog, "schema " + args.catalog, artifact::schema(*catalog));
}

int generate(const GenerateArgs& args) {
  const auto known = std::ranges::find(artifact::kLanguages, args.language);
  if (known == std::end(artifact::kLanguages)) {
    return misuse("generate: --language is typescript or python");
  }
  const auto language = static_cast<artifact::Language>(known - std::begin(artifact::kLanguages));
  const auto catalog = load_catalog(args.catalog);
  if (!catalog) return fail(catalog.error());
  return deliver(args.to, args.catalog, "generate " + args.catalog + " --language " + args.language,
                 artifact::types(*catalog, language));
}

int list_events(const ProductArgs& args) {
  const auto catalog = load_catalog(args.catalog);
  if (!catalog) return kFailed;
  for (const auto& event : catalog->events) out(event.name + '\n');
  return kDone;
}

int list_fields(const ProductArgs& args, const std::string& event_name) {
  const auto catalog = load_catalog(args.catalog);
  if (!catalog) return kFailed;
  for (const auto& event : catalog->events) {
    if (event.name != event_name) continue;
    for (const auto& field : event.fields) {
      const bool text = field.shape.type == catalog::Type::string ||
                        field.shape.type == catalog::Type::enumeration;
      out(field.name + (text ? "=\n" : ":=\n"));
    }
  }
  return kDone;
}

}  // namespace candor::cli
