#include "identity/record.h"

#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "identity/strict_file.h"
#include "platform/file.h"

namespace candor::identity {
namespace {

using Json = nlohmann::ordered_json;

std::string record_path(const std::string& path) {
  return path.substr(0, path.find_last_of('/') + 1) + "consent.json";
}

std::optional<Json> read_json(const std::string& path) {
  const auto text = file::read_own(record_path(path), kRecordBytesMax);
  return text ? parse_object<Json>(*text) : std::nullopt;
}

std::optional<Record::Choice> parse_choice(const Json& json) {
  if (!json.is_object() || json.size() != 3) return std::nullopt;
  const auto enabled = json.find("enabled");
  const auto by = json.find("by");
  const auto at = json.find("at");
  if (enabled == json.end() || by == json.end() || at == json.end() || !enabled->is_boolean() ||
      !at->is_string() || (*by != "user" && *by != "default")) {
    return std::nullopt;
  }
  return Record::Choice{enabled->get<bool>(), *by == "user", at->get<std::string>()};
}

std::optional<Record> parse(const Json& json) {
  Record record;
  bool has_version = false;
  for (const auto& [key, value] : json.items()) {
    if (key == "version") {
      has_version = value == kRecordVersion;
    } else if (key == "choice") {
      record.choice = parse_choice(value);
      if (!record.choice) return std::nullopt;
    } else if (key == "firstRun" && value == "pending") {
      record.first_run_pending = true;
    } else if (key == "otherKeys" && value.is_object()) {
      record.other_keys = value.dump();
    } else {
      return std::nullopt;
    }
  }
  return has_version ? std::optional(std::move(record)) : std::nullopt;
}

bool is_newer(const Json& json) {
  const auto version = json.find("version");
  return version != json.end() && version->is_number_unsigned() &&
         version->get<std::uint64_t>() > kRecordVersion;
}

}  // namespace

Record read_record(const std::string& path) {
  const auto json = read_json(path);
  return json ? parse(*json).value_or(Record{}) : Record{};
}

Done keep_others(const std::string& path, const std::string& others) {
  if (others.empty()) return {};
  Record record = read_record(path);
  Json all = record.other_keys.empty() ? Json::object() : Json::parse(record.other_keys);
  const Json more = Json::parse(others);
  for (const auto& [key, value] : more.items()) all[key] = value;
  record.other_keys = all.dump(-1, ' ', false, Json::error_handler_t::replace);
  return write_record(path, record);
}

Done write_record(const std::string& path, const Record& record) {
  const std::string file = record_path(path);
  if (const auto there = read_json(path); there && is_newer(*there)) {
    return Error{file + " was written by a newer version", EEXIST};
  }
  Json json = {{"version", kRecordVersion}};
  if (record.choice) {
    json["choice"] = {{"enabled", record.choice->enabled},
                      {"by", record.choice->by_user ? "user" : "default"},
                      {"at", record.choice->at}};
  }
  if (record.first_run_pending) json["firstRun"] = "pending";
  if (!record.other_keys.empty()) json["otherKeys"] = Json::parse(record.other_keys);
  const auto dump = [&json](int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  std::string text = dump(2);
  if (text.size() > kRecordBytesMax) text = dump(-1);
  if (text.size() > kRecordBytesMax) {
    return Error{file + " would grow past " + std::to_string(kRecordBytesMax) + " bytes", EFBIG};
  }
  return file::write_atomic(file, text);
}

}  // namespace candor::identity
