// Which keys each object of a catalog may have, and the words that some of them
// choose from. The parser reads by these tables and schema/catalog.meta.json
// repeats them for editors; a test compares the two.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/version.h"

namespace candor::catalog {

struct Key {
  std::string_view name;
  bool required = false;
  Version since = kFirstVersion;  // the first candor that reads it
};

inline constexpr Version kVersion02{0, 2};

inline constexpr Key kCatalogKeys[] = {
    {"$schema"},  {"catalog", true}, {"candor", false, kVersion02}, {"product", true}, {"sinks"},
    {"envelope"}, {"events", true}};
inline constexpr Key kProductKeys[] = {
    {"name", true}, {"home", true}, {"env_prefix", true}, {"consent"}, {"notice"}};
inline constexpr Key kConsentKeys[] = {{"mode", true}, {"ci", false, kVersion02}};
inline constexpr Key kNoticeKeys[] = {{"version", true}, {"text", true}, {"hold_first_run"}};
inline constexpr Key kSinkKeys[] = {
    {"type", true}, {"host", true},      {"project_key", true},        {"protocol"},
    {"geoip"},      {"person_profiles"}, {"server", false, kVersion02}};
inline constexpr Key kEventKeys[] = {{"description"}, {"owner"},   {"purpose"},        {"runtimes"},
                                     {"since"},       {"expires"}, {"retention_days"}, {"fields"}};

// Where a value may be described: a field of an event or object, a field of the
// envelope, the element of an array or map. Bits.
inline constexpr std::uint8_t kInField = 1, kInEnvelope = 2, kInElement = 4;
inline constexpr std::uint8_t kAnywhere = kInField | kInEnvelope | kInElement;
// A bit for each Type.
[[nodiscard]] constexpr std::uint16_t bit(Type type) noexcept {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(type));
}
inline constexpr std::uint16_t kAnyType = 0xff;

struct FieldKey {
  std::string_view name;
  std::uint16_t types = kAnyType;
  std::uint8_t places = kAnywhere;
  Version since = kFirstVersion;
};
inline constexpr FieldKey kFieldKeys[] = {
    {"type"},
    {"optional", kAnyType, kInField | kInEnvelope},
    {"max_length", bit(Type::string) | bit(Type::map)},
    {"pattern", bit(Type::string)},
    {"min", bit(Type::integer) | bit(Type::number)},
    {"max", bit(Type::integer) | bit(Type::number)},
    {"values", bit(Type::enumeration) | bit(Type::map)},
    {"items", bit(Type::array)},
    {"min_items", bit(Type::array)},
    {"max_items", bit(Type::array)},
    {"max_entries", bit(Type::map)},
    {"fields", bit(Type::object)},
    {"class"},
    {"unit", bit(Type::integer) | bit(Type::number), kInField | kInEnvelope},
    {"description", kAnyType, kInField | kInEnvelope},
    {"since", kAnyType, kInField | kInEnvelope},
    {"deprecated", kAnyType, kInField | kInEnvelope},
    {"source", kAnyType, kInEnvelope},
    {"value", kAnyType, kInEnvelope},
    {"map", bit(Type::string) | bit(Type::enumeration), kInEnvelope},
};

// Indexed by Type, Pattern, Class and ConsentMode.
inline constexpr std::string_view kTypes[] = {"boolean", "integer", "number", "string",
                                              "enum",    "array",   "map",    "object"};
inline constexpr std::string_view kPatterns[] = {"none", "identifier", "slug", "semver",
                                                 "uuid", "date",       "hex",  "locale"};
inline constexpr std::string_view kClasses[] = {"technical", "identifier", "diagnostic"};
inline constexpr std::string_view kConsentModes[] = {"opt_out", "opt_in", "off"};

inline constexpr std::string_view kCiModes[] = {"off", "send"};

inline constexpr std::string_view kRuntimes[] = {"cpp", "node", "python"};
inline constexpr std::string_view kPurposes[] = {"adoption", "compatibility", "performance",
                                                 "reliability", "usage"};
inline constexpr std::string_view kSinkTypes[] = {"posthog"};
inline constexpr std::string_view kProtocols[] = {"v0", "v1"};
// "host.NAME" is one as well.
inline constexpr std::string_view kSources[] = {
    "product.version", "runtime.name", "runtime.version", "os.platform", "os.release",
    "cpu.arch",        "ci.detected",  "agent.name",      "session.id"};

}  // namespace candor::catalog
