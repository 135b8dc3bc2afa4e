// Texts that break rules, for rules_test.cc: at least one for each rule, and both sides of each
// limit.
#pragma once

#include "catalog/syntax_cases.h"
#include "catalog/texts.h"

namespace candor::catalog {

inline Case fields(std::string fields, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.fields = std::move(fields)}), std::move(expected), std::move(hint)};
}
inline Case envelope(std::string fields, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.envelope = std::move(fields)}), std::move(expected), std::move(hint)};
}
inline Case product(std::string text, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.product = std::move(text)}), std::move(expected), std::move(hint)};
}
inline Case sinks(std::string text, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.sinks = std::move(text)}), std::move(expected), std::move(hint)};
}
inline Case about(std::string text, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.about = std::move(text)}), std::move(expected), std::move(hint)};
}
inline Case events(std::string text, std::vector<std::string> expected, std::string hint = {}) {
  return {text_of({.more_events = std::move(text)}), std::move(expected), std::move(hint)};
}

inline std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

inline const std::string kGoodProduct =
    R"("product": {"name": "T", "home": "~/.t", "env_prefix": "T"},)";
inline constexpr char kAbout[] = R"("description": "d", "owner": "o", "purpose": "usage")";

inline std::vector<Case> structure_cases() {
  return {
      {"[]", {"1:1 wrong-type"}},
      {"5", {"1:1 wrong-type"}},
      {"{}", {"1:1 missing-key", "1:1 missing-key", "1:1 missing-key", "1:1 no-sink"}},
      {"{\"catalog\": \"t\", \"product\": 1, \"events\": []}",
       {"1:1 no-sink", "1:29 wrong-type", "1:42 wrong-type"}},
      fields(R"("a": {"type": "boolean"},)"
             "\n"
             R"("a": {"type": "boolean", "optional": true, "optional": true})",
             {"11:1 duplicate-key", "11:44 duplicate-key"}, "'a' is given twice"),
      fields(R"("a": {"type": "boolean"}, "\u0061": {"type": "boolean"})", {"10:27 duplicate-key"}),
      fields(R"("a": {"type": "string", "max_lenght": 5})",
             {"10:1 missing-max-length", "10:25 unknown-key"}),
      fields(R"("a": {"type": "boolean", "optionel": true})", {"10:26 unknown-key"},
             "did you mean 'optional'?"),
      fields(R"("a": {"type": "boolean", "max_length": 5})", {"10:26 unknown-key"},
             "means nothing for this type"),
      fields(R"("a": {"type": "boolean", "source": "os.platform"})", {"10:26 unknown-key"},
             "for fields of the envelope"),
      fields(R"("a": {"type": "array", "items": {"type": "boolean", "optional": true}})",
             {"10:53 unknown-key"}, "put it on the field"),
      fields(R"("a": {"type": "array", "items": {"type": "integer", "unit": "ms"}})",
             {"10:53 unknown-key"}, "put it on the field"),
      about(R"("description": "d", "owner": "o", "purpose": "usage", "feilds": {},)",
            {"8:55 unknown-key"}, "'fields'"),
      product(R"("product": {"name": "T"},)",
              {"2:1 missing-key", "2:1 missing-key", "2:1 no-notice"}, "'home'"),
      fields(R"("a": {})", {"10:1 missing-key"}, "needs 'type'"),
      fields(R"("a": {"type": "enum"})", {"10:1 missing-key"}, "needs 'values'"),
      fields(R"("a": {"type": "map"})", {"10:1 missing-key"}, "needs 'values'"),
      fields(R"("a": {"type": "array"})", {"10:1 missing-key"}, "needs 'items'"),
      fields(R"("a": {"type": "object"})", {"10:1 missing-key"}, "needs 'fields'"),
      fields(R"("a": "boolean")", {"10:6 wrong-type"}),
      fields(R"("a": {"type": "boolean", "optional": 1})", {"10:38 wrong-type"}),
      fields(R"("a": {"type": "string", "max_length": "9"})", {"10:39 wrong-type"}),
      fields(R"("a": {"type": "enum", "values": ["x", 1]})", {"10:39 wrong-type"}),
      events(R"(, "other": 1)", {"12:12 wrong-type"}),
      fields(R"("a": {"type": "strng"})", {"10:15 unknown-name"}, "did you mean 'string'?"),
      fields(R"("a": {"type": "string", "max_length": 9, "pattern": "none"})",
             {"10:53 unknown-name"}, "identifier slug semver"),
      fields(R"("a": {"type": "string", "max_length": 9, "class": "diagnostics"})",
             {"10:51 unknown-name"}, "'diagnostic'"),
      product(
          R"("product": {"name": "T", "home": "~", "env_prefix": "T", "consent": {"mode": "opt-out"}},)",
          {"2:1 no-notice", "2:78 unknown-name"}),
      sinks(
          R"("sinks": [{"type": "amplitude", "host": "https://h", "project_key": "k", "protocol": "v2"}],)",
          {"3:20 unknown-name", "3:86 unknown-name"}, "it must be posthog"),
  };
}

inline std::vector<Case> value_cases() {
  const auto host = [](std::string text, bool good) {
    return sinks(
        "\"sinks\": [{\"type\": \"posthog\", \"project_key\": \"k\", \"host\": \"" + text + "\"}],",
        good ? std::vector<std::string>{} : std::vector<std::string>{"3:59 bad-value"});
  };
  return {
      host("https://us.i.posthog.com", true),
      host("https://eu.example:8443", true),
      host("http://127.0.0.1:8000", true),
      host("http://localhost", true),
      host("http://[::1]:80", true),
      host("http://example.com", false),
      host("http://127.0.0.1.example.com", false),
      host("https://h/", false),
      host("https://h:", false),
      host("https://user@h", false),
      host("https://", false),
      host("ftp://h", false),
      sinks(R"("sinks": [{"type": "posthog", "project_key": "a b", "host": "https://h"}],)",
            {"3:46 bad-value"}),
      product(
          R"("product": {"name": "T", "home": "etc", "env_prefix": "T", "consent": {"mode": "off"}},)",
          {"2:34 bad-value"}),
      product(
          R"("product": {"name": "", "home": "/t", "env_prefix": "T", "consent": {"mode": "off"}},)",
          {"2:21 bad-value"}),
      product(
          R"("product": {"name": "T", "home": "/t", "env_prefix": "t", "consent": {"mode": "off"}},)",
          {"2:54 name-shape"}),
      product(
          R"("product": {"name": "T", "home": "/t", "env_prefix": "T", "notice": {"version": 0, "text": "a\u001b[1m"}},)",
          {"2:81 bad-bounds", "2:92 bad-value"}),
      about(R"("expires": "2026-13-01", "description": "d", "owner": "o", "purpose": "usage",)",
            {"8:12 bad-value"}),
      about(R"("retention_days": 0, "description": "d", "owner": "o", "purpose": "usage",)",
            {"8:19 bad-bounds"}),
      about(R"("runtimes": [], "description": "d", "owner": "o", "purpose": "usage",)",
            {"8:13 bad-value"}),
      about(
          R"("runtimes": ["python", "python"], "description": "d", "owner": "o", "purpose": "usage",)",
          {"8:24 bad-value"}),
      about(R"("runtimes": ["pyhton"], "description": "d", "owner": "o", "purpose": "usage",)",
            {"8:14 unknown-runtime"}, "did you mean 'python'?"),

      fields(R"("a b": {"type": "boolean"})", {"10:1 name-shape"}),
      fields(R"("_a": {"type": "boolean"})", {"10:1 name-shape"}),
      fields(R"("1a": {"type": "boolean"})", {"10:1 name-shape"}),
      fields(R"("": {"type": "boolean"})", {"10:1 name-shape"}),
      fields(R"("snake_case_1": {"type": "boolean"}, "camelCase": {"type": "boolean"})", {}),
      fields("\"" + std::string(63, 'a') + "\": {\"type\": \"boolean\"}", {}),
      fields("\"" + std::string(64, 'a') + "\": {\"type\": \"boolean\"}", {"10:1 name-shape"}),
      events(std::string(R"(, "camelCase": {)") + kAbout + "}", {"12:3 name-shape"}),
      fields(R"("$set": {"type": "boolean"})", {"10:1 reserved-name"}),
      fields(
          R"("uuid": {"type": "boolean"}, "timestamp": {"type": "boolean"}, "distinct_id": {"type": "boolean"})",
          {"10:1 reserved-name", "10:30 reserved-name", "10:64 reserved-name"}),
      fields(R"("project_dir": {"type": "boolean"}, "project_id": {"type": "boolean"})",
             {"10:1 reserved-name", "10:37 reserved-name"}),
      fields(R"("o": {"type": "object", "fields": {"constructor": {"type": "boolean"}}})",
             {"10:36 reserved-name"}),
      events(std::string(R"(, "$pageview": {)") + kAbout + "}", {"12:3 reserved-name"}),
      envelope(R"("$lib": {"type": "boolean", "source": "ci.detected"})", {"5:1 reserved-name"}),

      fields(R"("a": {"type": "string"})", {"10:1 missing-max-length"}),
      fields(R"("a": {"type": "array", "items": {"type": "string"}})",
             {"10:24 missing-max-length"}),
      fields(R"("a": {"type": "string", "max_length": 0})", {"10:39 bad-bounds"}),
      fields(R"("a": {"type": "string", "max_length": 65536})", {}),
      fields(R"("a": {"type": "string", "max_length": 65537})", {"10:39 bad-bounds"}),
      fields(R"("a": {"type": "string", "max_length": 2.5})", {"10:39 bad-bounds"}),
      fields(R"("a": {"type": "string", "max_length": 2.0})", {}),
      fields(R"("a": {"type": "integer", "min": 2, "max": 1})", {"10:1 bad-bounds"}),
      fields(R"("a": {"type": "integer", "min": 2, "max": 2})", {}),
      fields(R"("a": {"type": "integer", "max": 0.5})", {"10:33 bad-bounds"}),
      fields(R"("a": {"type": "integer", "max": 9223372036854775807})", {}),
      fields(R"("a": {"type": "integer", "max": 9223372036854775808})", {"10:33 bad-bounds"}),
      fields(R"("a": {"type": "number", "min": 0.2, "max": 0.1})", {"10:1 bad-bounds"}),
      fields(
          R"("a": {"type": "array", "min_items": 3, "max_items": 2, "items": {"type": "boolean"}})",
          {"10:1 bad-bounds"}),
      fields(R"("a": {"type": "array", "min_items": 257, "items": {"type": "boolean"}})",
             {"10:1 bad-bounds"}),
      fields(R"("a": {"type": "map", "max_entries": 10001, "values": {"type": "boolean"}})",
             {"10:37 bad-bounds"}),
      fields(R"("a": {"type": "enum", "values": []})", {"10:33 empty-enum"}),
      fields(R"("a": {"type": "enum", "values": ["<10k", "x", "<10k"]})",
             {"10:47 duplicate-enum-value"}),
      fields(R"("a": {"type": "enum", "values": [""]})", {"10:34 bad-value"}),

      fields(R"("version": {"type": "boolean"})", {"10:1 repeats-envelope"}),
      fields(R"("o": {"type": "object", "fields": {"version": {"type": "boolean"}}})", {}),
      envelope(R"("a": {"type": "string", "max_length": 9, "source": "os.plattform"})",
               {"5:52 unknown-source"}, "'os.platform'"),
      envelope(R"("a": {"type": "string", "max_length": 9, "source": "host."})",
               {"5:52 unknown-source"}),
      envelope(R"("a": {"type": "integer", "source": "host.size"})", {}),
      envelope(R"("a": {"type": "boolean"})", {"5:1 envelope-no-source"}),
      envelope(R"("a": {"type": "boolean", "source": "ci.detected", "value": true})",
               {"5:1 envelope-no-source"}),
      envelope(R"("a": {"type": "string", "max_length": 9, "source": "ci.detected"})",
               {"5:52 source-type"}),
      envelope(R"("a": {"type": "boolean", "source": "os.platform"})", {"5:36 source-type"}),
      envelope(R"("a": {"type": "array", "items": {"type": "boolean"}, "source": "host.a"})",
               {"5:1 source-type"}),
      envelope(R"("a": {"type": "enum", "values": ["x"], "source": "host.a", "map": {"q": "y"}})",
               {"5:73 bad-map"}),
      envelope(R"("a": {"type": "enum", "values": ["x"], "value": "x", "map": {"q": "x"}})",
               {"5:54 bad-map"}),
      envelope(
          R"("a": {"type": "string", "max_length": 2, "source": "host.a", "map": {"q": "long"}})",
          {"5:75 bad-map"}),

      envelope(R"("a": {"type": "integer", "max": 3, "value": 3.0})", {}),
      envelope(R"("a": {"type": "integer", "max": 3, "value": 4})", {"5:45 bad-value"}),
      envelope(R"("a": {"type": "integer", "value": true})", {"5:35 bad-value"}),
      envelope(R"("a": {"type": "number", "value": 1e300})", {"5:34 bad-value"}),
      envelope(R"("a": {"type": "number", "min": 2, "value": 1})", {"5:44 bad-value"}),
      envelope(R"("a": {"type": "string", "max_length": 2, "value": "abc"})", {"5:51 bad-value"}),
      envelope(R"("a": {"type": "string", "max_length": 3, "value": "äöü"})", {}),
      envelope(R"("a": {"type": "string", "max_length": 9, "pattern": "slug", "value": "A"})",
               {"5:70 bad-value"}),
      envelope(R"("a": {"type": "enum", "values": ["x"], "value": "y"})", {"5:49 bad-value"}),
  };
}

inline std::vector<Case> warning_cases() {
  const auto event = [](std::string name, std::string field) {
    return ", \"" + name + "\": {" + kAbout + ", \"fields\": {" + field + "}}";
  };
  return {
      fields(
          R"("durationMs": {"type": "number", "unit": "ms"}, "duration_ms": {"type": "number", "unit": "ms"})",
          {"10:49 similar-names"}),
      fields(R"("tableCount": {"type": "integer"}, "tablesCount": {"type": "integer"})",
             {"10:36 similar-names"}),
      fields(R"("phase_1_count": {"type": "integer"}, "phase_2_count": {"type": "integer"})", {}),
      fields(R"("isA": {"type": "boolean"}, "isB": {"type": "boolean"})", {}),
      events(event("things_done", ""), {"12:3 similar-names"}, "'thing_done'"),
      {text_of({.fields = R"("isCi": {"type": "boolean"})",
                .more_events = event("other", R"("isCI": {"type": "boolean"})")}),
       {"12:78 similar-names"}},

      fields(R"("durationMs": {"type": "number"})", {"10:1 unit-in-name"}, "say \"unit\": \"ms\""),
      fields(R"("durationMs": {"type": "number", "unit": "s"})", {"10:1 unit-in-name"},
             "expected \"unit\": \"ms\""),
      fields(
          R"("size_bytes": {"type": "integer", "unit": "B"}, "items": {"type": "integer"}, "sizeDays": {"type": "boolean"}, "days": {"type": "integer"})",
          {}),

      fields(R"("userEmail": {"type": "string", "max_length": 9})", {"10:1 sensitive-name"}),
      fields(
          R"("sourceURL": {"type": "string", "max_length": 9}, "api_key": {"type": "string", "max_length": 9})",
          {"10:1 sensitive-name", "10:51 sensitive-name"}),
      fields(R"("paths": {"type": "array", "items": {"type": "string", "max_length": 9}})",
             {"10:1 sensitive-name"}),
      fields(
          R"("o": {"type": "array", "items": {"type": "object", "fields": {"token": {"type": "string", "max_length": 9}}}})",
          {"10:63 sensitive-name"}),
      fields(
          R"("path": {"type": "string", "max_length": 9, "class": "technical"}, "hasPassword": {"type": "boolean"}, "pathCount": {"type": "integer"}, "tokenizer": {"type": "string", "max_length": 9})",
          {}),

      {text_of({.fields = R"("size": {"type": "integer"})",
                .more_events = event("other", R"("size": {"type": "number"})")}),
       {"12:78 inconsistent-field"}},
      {text_of({.fields = R"("size": {"type": "integer"})",
                .more_events = event("other", R"("size": {"type": "integer", "unit": "ms"})")}),
       {"12:78 inconsistent-field"}},
      fields(R"("a": {"type": "boolean"}, "a": {"type": "integer"})", {"10:27 duplicate-key"}),

      about(R"("expires": "2026-06-14", "description": "d", "owner": "o", "purpose": "usage",)",
            {"8:12 expired-event"}),
      about(R"("expires": "2026-06-15", "description": "d", "owner": "o", "purpose": "usage",)",
            {}),

      envelope(
          R"("r": {"type": "string", "max_length": 9, "source": "runtime.name", "map": {"pyton": "p", "node": "node", "cpp": "native"}})",
          {"5:76 unused-map-entry", "5:90 unused-map-entry"}),
      envelope(
          R"("r": {"type": "enum", "values": ["node", "daemon-py"], "source": "runtime.name", "map": {"python": "daemon-py"}})",
          {"5:1 unmapped-runtime"}, "'cpp'"),
      {text_of(
           {.envelope =
                R"("r": {"type": "enum", "values": ["p"], "source": "runtime.name", "map": {"python": "p"}})",
            .about =
                R"("runtimes": ["python"], "description": "d", "owner": "o", "purpose": "usage",)"}),
       {}},

      about(R"("description": "d", "owner": "o", "purpose": "reliabilty",)",
            {"8:46 unknown-purpose"}, "'reliability'"),
      about(R"("owner": "o",)", {"7:13 missing-metadata"}, "lacks 'description', 'purpose'"),
      product(kGoodProduct, {"2:1 no-notice"}),
      sinks("", {"1:1 no-sink"}),

      events(event("a_1", "") + event("a1", ""), {"12:80 similar-names", "12:80 generated-name"}),
      events(event("t", ""), {"12:3 generated-name"}, "'t' and 't' are both T"),
      fields(R"("class": {"type": "boolean"}, "classes": {"type": "boolean"})",
             {"10:1 generated-name"}, "reserved word of Python"),
  };
}

inline std::vector<Case> limit_cases() {
  const auto named = [](std::size_t count, std::string_view value) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "\"" : ", \"") + std::string("n") + std::to_string(i) +
              "\": " + std::string(value);
    }
    return text;
  };
  const auto values = [](std::size_t count) {
    std::string text = "\"a\": {\"type\": \"enum\", \"values\": [";
    for (std::size_t i = 0; i < count; ++i)
      text += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\"";
    return text + "]}";
  };
  const std::string boolean = R"({"type": "boolean"})";
  return {
      fields(named(kFieldsMax, boolean), {}),
      fields(named(kFieldsMax + 1, boolean), {"9:11 limit"}),
      envelope(named(kFieldsMax + 1, R"({"type": "boolean", "source": "ci.detected"})"),
               {"4:13 limit"}),
      fields(values(kEnumValuesMax), {}),
      fields(values(kEnumValuesMax + 1), {"10:33 limit"}),
      about("\"description\": \"" + std::string(kTextBytesMax, 'x') +
                R"(", "owner": "o", "purpose": "usage",)",
            {}),
      about("\"description\": \"" + std::string(kTextBytesMax + 1, 'x') +
                R"(", "owner": "o", "purpose": "usage",)",
            {"8:16 limit"}),
      fields("\"a\": {\"type\": \"enum\", \"values\": [\"" + std::string(kEnumValueBytesMax, 'x') +
                 "\"]}",
             {}),
      fields("\"a\": {\"type\": \"enum\", \"values\": [\"" +
                 std::string(kEnumValueBytesMax + 1, 'x') + "\"]}",
             {"10:34 bad-value"}),
      sinks("\"sinks\": [" +
                repeated(R"({"type": "posthog", "host": "https://h", "project_key": "k"},)",
                         kSinksMax) +
                "],",
            {}),
      sinks("\"sinks\": [" +
                repeated(R"({"type": "posthog", "host": "https://h", "project_key": "k"},)",
                         kSinksMax + 1) +
                "],",
            {"3:72 limit"}, "a second sink would receive nothing"),
  };
}

inline std::vector<Case> version_cases() {
  const std::string server =
      R"("sinks": [{"type": "posthog", "host": "https://h", "project_key": "k", "server": true}],)";
  const auto asks = [](std::string version, std::vector<std::string> expected,
                       std::string hint = {}) {
    return Case{text_of({.version = "\"candor\": " + version + ", "}), std::move(expected),
                std::move(hint)};
  };
  return {
      asks("\"0.1\"", {}),
      asks("\"0.2\"", {}),
      asks("\"0.999\"", {"1:13 newer-catalog"}, "is for candor 0.999 and later; this is "),
      asks("\"1000.0\"", {"1:13 newer-catalog"}),
      asks("\"0.2.0\"", {"1:13 bad-value"}, "the first version that may read this file"),
      asks("\"00.2\"", {"1:13 bad-value"}),
      asks("\"0.\"", {"1:13 bad-value"}),
      asks("\"-1.2\"", {"1:13 bad-value"}),
      asks("\"latest\"", {"1:13 bad-value"}),
      asks("\"4294967296.0\"", {"1:13 bad-value"}),
      asks("0.2", {"1:13 wrong-type"}),
      // Of what only a newer candor understands nothing is judged.
      {R"({"candor": "0.999", "events": 5, "lanes": {}})", {"1:12 newer-catalog"}},
      sinks(server, {"3:72 candor-version"}, "say \"candor\": \"0.2\" at the top"),
      {text_of({.version = R"("candor": "0.1", )", .sinks = server}), {"3:72 candor-version"}},
      {text_of({.version = R"("candor": "0.2", )", .sinks = server}), {}},
      product(
          R"("product": {"name": "T", "home": "~", "env_prefix": "T", "consent": {"mode": "off", "ci": "send"}},)",
          {"2:85 candor-version"}),
      {text_of(
           {.version = R"("candor": "0.2", )",
            .product =
                R"("product": {"name": "T", "home": "~", "env_prefix": "T", "consent": {"mode": "off", "ci": "on"}},)"}),
       {"2:91 unknown-name"},
       "it is one of off send"},
  };
}

inline std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (auto part : {syntax_cases(), structure_cases(), value_cases(), warning_cases(),
                    limit_cases(), version_cases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace candor::catalog
