// The catalog as the rest of candor sees it: plain data, checked, immutable.
// `load` is the only way to get one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/consent_mode.h"
#include "base/pattern.h"

namespace candor::catalog {

enum class Type : std::uint8_t {
  boolean,
  integer,
  number,
  string,
  enumeration,
  array,
  map,
  object
};
using candor::Pattern;
// technical: facts about software. identifier: names a thing of the user's, only as a
// hash or random id. diagnostic: free text that passes redaction.
enum class Class : std::uint8_t { technical, identifier, diagnostic };

struct Field;

// What a value must look like.
struct Shape {
  Type type = Type::boolean;
  Pattern pattern = Pattern::none;           // string
  Class klass = Class::technical;            // string
  std::uint32_t max_length = 0;              // string, and the keys of a map: code points
  std::int64_t int_min = -9007199254740991;  // integer
  std::int64_t int_max = 9007199254740991;
  double num_min = 0, num_max = 0;  // number, when bounded
  bool has_num_min = false, has_num_max = false;
  std::uint32_t count_min = 0;      // array
  std::uint32_t count_max = 0;      // array, map: elements
  std::vector<std::string> values;  // enumeration
  std::vector<Shape> element;       // array items, map values: exactly one
  std::vector<Field> fields;        // object
};

// Members named `at` and `*_at` are offsets in the text that was read, of the member's name and of
// the value of a key. 0: the text has no such key, because the text begins with the catalog.
struct Field {
  std::string name;
  bool optional = false;
  Shape shape;
  std::string description, unit, since, deprecated;
  std::uint32_t at = 0, class_at = 0;
};

// What an envelope's source says, and what is sent instead.
struct MapEntry {
  std::string said, sent;
  std::uint32_t at = 0;
};

struct EnvelopeField {
  Field field;
  std::string source;    // "product.version", "host.region", ...; empty with a constant
  std::string constant;  // canonical JSON of `value`; empty without
  std::vector<MapEntry> map;
};

struct Event {
  std::string name;
  std::string description, owner, purpose, since, expires;  // expires: YYYY-MM-DD
  std::vector<std::string> runtimes;                        // empty: all
  std::uint32_t retention_days = 0;
  std::vector<Field> fields;
  std::uint32_t at = 0, description_at = 0, owner_at = 0, purpose_at = 0, expires_at = 0;
};

struct Sink {
  std::string type;  // "posthog"
  std::string host, project_key;
  std::string protocol = "v0";  // posthog: v0 | v1
  bool geoip = false, person_profiles = false;
  bool server = false;  // the events are a server's, not those of a person's program
  std::uint32_t at = 0;
};

struct Product {
  std::string name, home, env_prefix;
  ConsentMode consent = ConsentMode::opt_out;
  bool send_in_ci = false;
  std::uint32_t notice_version = 0;  // 0: no notice
  std::string notice_text;
  bool notice_hold_first_run = false;  // events of the first run wait for the next one
  std::uint32_t at = 0, notice_at = 0;
};

struct Catalog {
  std::string name;
  Product product;
  std::vector<Sink> sinks;
  std::vector<EnvelopeField> envelope;  // in catalog order, like everything here
  std::vector<Event> events;
  std::uint32_t at = 0, sinks_at = 0;
};

enum class Severity : std::uint8_t { error, warning };

struct Problem {
  std::uint32_t line = 1, column = 1;  // from 1; the column counts bytes
  Severity severity = Severity::error;
  std::string text;       // says what is wrong and how to mend it
  std::string_view rule;  // "missing-max-length"; static storage
};

// One rule, for `candor check --rules` and the documentation.
struct RuleInfo {
  std::string_view name;
  Severity severity = Severity::error;
  std::string_view summary;  // one line, for people
};
[[nodiscard]] std::span<const RuleInfo> rules() noexcept;

struct Loaded {
  std::optional<Catalog> catalog;  // set when there is no error
  std::vector<Problem> problems;   // in file order
  // The catalog asks for a newer candor than this one; nothing else of it was judged.
  bool is_newer = false;
};

// From 1; the column counts bytes, as a Problem's does.
struct Position {
  std::uint32_t line = 1, column = 1;
};
// Where an `at` of a catalog is in the text that it was read from.
[[nodiscard]] Position position(std::string_view text, std::uint32_t at) noexcept;

// Limits of a catalog file. A file beyond them gets one clear problem.
inline constexpr std::size_t kCatalogBytesMax = 8u << 20;
inline constexpr std::size_t kDepthMax = 32;
inline constexpr std::size_t kJsonValuesMax = 1u << 19;  // of the whole file
inline constexpr std::size_t kProblemsMax = 500;         // more are only counted
inline constexpr std::size_t kSinksMax = 1;
inline constexpr std::size_t kEventsMax = 4096;
inline constexpr std::size_t kFieldsMax = 128;    // of one event or object
inline constexpr std::size_t kNameBytesMax = 63;  // of an event or field
inline constexpr std::size_t kEnumValuesMax = 512;
inline constexpr std::size_t kEnumValueBytesMax = 256;
inline constexpr std::size_t kTextBytesMax = 4096;  // of a description, the notice, ...
inline constexpr std::uint32_t kLengthMax = 65536;  // what max_length may ask for
inline constexpr std::uint32_t kCountMax = 10000;   // what max_items and max_entries may ask for
// What holds when the catalog names no bound of its own.
inline constexpr std::uint32_t kCountDefault = 256;        // elements of an array, entries of a map
inline constexpr std::uint32_t kMapKeyLengthDefault = 64;  // code points

// What a client needs: parses and compiles, errors only. Linear in the text.
[[nodiscard]] Loaded load(std::string_view text);
// What a maintainer wants: every rule, warnings included. `today` (YYYY-MM-DD)
// decides which events are expired.
[[nodiscard]] Loaded check(std::string_view text, std::string_view today);

[[nodiscard]] std::string_view name(Type) noexcept;
[[nodiscard]] std::string_view name(Pattern) noexcept;
// The names envelope sources may have; "host." stands for the host's own.
[[nodiscard]] bool is_source(std::string_view source) noexcept;

}  // namespace candor::catalog
