#include "options.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>

namespace candor::node {
namespace {

constexpr double kIntegerMax = 9007199254740991;  // 2^53 - 1, JavaScript's last exact one

[[noreturn]] void wrong(Napi::Env env, const std::string& option, const std::string& what) {
  throw Napi::TypeError::New(env, "candor.open: '" + option + "' must be " + what);
}

std::string text(const std::string& option, const Napi::Value& value) {
  if (!value.IsString()) wrong(value.Env(), option, "a string");
  const std::u16string units = value.As<Napi::String>();
  for (std::size_t i = 0; i < units.size(); ++i) {
    const bool high = (units[i] & 0xfc00) == 0xd800;
    if (high && i + 1 < units.size() && (units[i + 1] & 0xfc00) == 0xdc00) {
      ++i;
    } else if ((units[i] & 0xf800) == 0xd800) {
      wrong(value.Env(), option, "a string without lone surrogates");
    }
  }
  return value.As<Napi::String>();
}

// A file's, where nothing may stand behind a null character.
std::string path(const std::string& option, const Napi::Value& value) {
  std::string path = text(option, value);
  if (path.find('\0') != std::string::npos) {
    wrong(value.Env(), option, "a path without null characters");
  }
  return path;
}

template <typename Integer>
Integer whole(const std::string& option, const Napi::Value& value) {
  constexpr double kMax = std::is_same_v<Integer, std::uint32_t>
                              ? double{std::numeric_limits<std::uint32_t>::max()}
                              : kIntegerMax;
  if (!value.IsNumber()) wrong(value.Env(), option, "a number");
  const double number = value.As<Napi::Number>();
  if (!(number >= 0 && number <= kMax) || number != std::floor(number)) {
    throw Napi::RangeError::New(value.Env(), "candor.open: '" + option +
                                                 "' must be a whole number from 0 to " +
                                                 std::to_string(static_cast<std::uint64_t>(kMax)));
  }
  return static_cast<Integer>(number);
}

template <typename T>
T choice(const std::string& option, const Napi::Value& value,
         const std::map<std::string_view, T>& choices) {
  if (value.IsString()) {
    const std::string word = value.As<Napi::String>();
    if (const auto found = choices.find(word); found != choices.end()) return found->second;
  }
  std::string names;
  for (const auto& [name, unused] : choices) names.append(names.empty() ? "" : ", ").append(name);
  wrong(value.Env(), option, "one of " + names);
}

SourceValue source(const std::string& name, const Napi::Value& value) {
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (value.IsString()) return text(name, value);
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>();
    if (number == std::floor(number) && std::fabs(number) <= kIntegerMax) {
      return static_cast<std::int64_t>(number);
    }
    return number;
  }
  if (value.IsBigInt()) {
    bool exact = false;
    const std::int64_t number = value.As<Napi::BigInt>().Int64Value(&exact);
    if (exact) return number;
  }
  wrong(value.Env(), name, "a string, a boolean or a number");
}

using Setter = void (*)(Options&, const std::string& option, const Napi::Value&);

template <auto member>
void set(Options& to, const std::string& option, const Napi::Value& value) {
  using T = std::remove_reference_t<decltype(to.*member)>;
  if constexpr (std::is_same_v<T, std::string>) {
    to.*member = text(option, value);
  } else {
    to.*member = whole<T>(option, value);
  }
}

template <auto member>
void set_path(Options& to, const std::string& option, const Napi::Value& value) {
  to.*member = path(option, value);
}

void set_delivery(Options& to, const std::string& option, const Napi::Value& value) {
  to.delivery = choice<Delivery>(option, value,
                                 {{"auto", Delivery::automatic},
                                  {"background", Delivery::background},
                                  {"detached", Delivery::detached},
                                  {"manual", Delivery::manual}});
}

void set_compression(Options& to, const std::string& option, const Napi::Value& value) {
  to.compression = choice<Compression>(
      option, value,
      {{"none", Compression::none}, {"gzip", Compression::gzip}, {"zstd", Compression::zstd}});
}

void set_sources(Options& to, const std::string& option, const Napi::Value& value) {
  if (!value.IsObject()) wrong(value.Env(), option, "an object");
  const auto sources = value.As<Napi::Object>();
  const Napi::Array names = sources.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString();
    const Napi::Value given = sources.Get(name);
    if (!given.IsUndefined() && !given.IsNull()) {
      to.sources[name] = source("sources." + name, given);
    }
  }
}

void set_secrets(Options& to, const std::string& option, const Napi::Value& value) {
  if (!value.IsArray()) wrong(value.Env(), option, "an array of strings");
  const auto secrets = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < secrets.Length(); ++i) {
    to.secrets.push_back(text(option + "[" + std::to_string(i) + "]", secrets.Get(i)));
  }
}

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> table = {
      {"catalog", &set_path<&Options::catalog>},
      {"catalogText", &set<&Options::catalog_text>},
      {"productVersion", &set<&Options::product_version>},
      {"runtime", &set<&Options::runtime>},
      {"runtimeVersion", &set<&Options::runtime_version>},
      {"sources", &set_sources},
      {"home", &set_path<&Options::home>},
      {"distinctId", &set<&Options::distinct_id>},
      {"projectDir", &set_path<&Options::project_dir>},
      {"secrets", &set_secrets},
      {"policyFile", &set_path<&Options::policy_file>},
      {"delivery", &set_delivery},
      {"flushAt", &set<&Options::flush_at>},
      {"flushIntervalMs", &set<&Options::flush_interval_ms>},
      {"maxRetries", &set<&Options::max_retries>},
      {"requestTimeoutMs", &set<&Options::request_timeout_ms>},
      {"compression", &set_compression},
      {"spoolBytesMax", &set<&Options::spool_bytes_max>},
      {"spoolFilesMax", &set<&Options::spool_files_max>},
      {"spoolAgeMaxDays", &set<&Options::spool_age_max_days>},
      {"uploadLibrary", &set_path<&Options::upload_library>},
      {"uploaderProgram", &set_path<&Options::uploader_program>},
  };
  return table;
}

}  // namespace

Options read_options(const Napi::Object& given) {
  Options options;
  options.runtime = "node";
  const Napi::Array names = given.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString();
    const Napi::Value value = given.Get(name);
    if (value.IsUndefined() || value.IsNull()) continue;
    const auto setter = setters().find(name);
    if (setter == setters().end()) {
      throw Napi::TypeError::New(given.Env(), "candor.open has no option '" + name + "'");
    }
    setter->second(options, name, value);
  }
  return options;
}

std::map<std::string, std::string, std::less<>> read_environment(const Napi::Object& variables) {
  std::map<std::string, std::string, std::less<>> copy;
  const Napi::Array names = variables.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names.Get(i);
    const Napi::Value value = variables.Get(name);
    if (value.IsString()) copy.emplace(name.ToString(), value.ToString());
  }
  return copy;
}

}  // namespace candor::node
