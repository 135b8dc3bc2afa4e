// The schema artifact: it says what the catalog means, all of it, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "artifact/artifact.h"
#include "base/text.h"
#include "catalog/texts.h"

namespace candor::artifact {
namespace {

using namespace catalog;

using Json = nlohmann::ordered_json;

std::string schema_of(const std::string& text) {
  Loaded loaded = load(text);
  for (const Problem& p : loaded.problems)
    ADD_FAILURE() << p.line << ":" << p.column << " " << p.text;
  return loaded.catalog ? schema(*loaded.catalog) : std::string();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Schema, TheCommittedKtxArtifactIsCurrent) {
  EXPECT_TRUE(schema_of(file_text("schema/ktx.telemetry.jsonc")) ==
              file_text("schema/ktx.schema.json"))
      << "run: candor schema schema/ktx.telemetry.jsonc -o schema/ktx.schema.json";
}

// The changes that a comparison of copies lets pass; each must show here.
TEST(Schema, EveryChangeOfTheCatalogChangesTheArtifact) {
  const std::string ktx = file_text("schema/ktx.telemetry.jsonc");
  const auto cut = [](std::string text, std::string_view from, std::string_view until) {
    const std::size_t a = text.find(from);
    const std::size_t b = text.find(until, a);
    EXPECT_NE(b, std::string::npos) << from;
    return b == std::string::npos ? text : text.erase(a, b - a);
  };
  const std::pair<const char*, std::string> mutations[] = {
      {"an optional field added",
       replaced(ktx, R"("resultCount":)",
                R"("extra": { "type": "boolean", "optional": true }, "resultCount":)")},
      {"a field made required",
       replaced(ktx, R"("serverVersion":    { "type": "string", "optional": true,)",
                R"("serverVersion":    { "type": "string",)")},
      {"a field made optional",
       replaced(ktx, R"("hasSl":             { )", R"("hasSl": { "optional": true, )")},
      {"an enum replaced", replaced(ktx, R"(["compile", "execute"])", R"(["compile", "run"])")},
      {"a number made a string",
       replaced(ktx, R"("uptimeMs": { "type": "number", "unit": "ms", "min": 0 })",
                R"("uptimeMs": { "type": "string", "max_length": 20 })")},
      {"a new required envelope field",
       replaced(
           ktx, R"("envelope": {)",
           R"("envelope": { "agent": { "type": "string", "max_length": 9, "source": "agent.name" },)")},
      {"an event deleted",
       cut(ktx, R"("wiki_query_completed": {)", R"("mcp_request_completed": {)")},
      {"a runtime removed",
       replaced(ktx, R"("runtimes": ["node", "cpp"])", R"("runtimes": ["node"])")},
      {"a runtime of the envelope removed",
       replaced(
           ktx,
           R"("values": ["node", "daemon-py", "native"], "source": "runtime.name", "map": { "cpp": "native", "python": "daemon-py" })",
           R"("values": ["node", "native"], "source": "runtime.name", "map": { "cpp": "native" })")},
  };
  const std::string before = schema_of(ktx);
  const auto hash = [](const std::string& text) { return Json::parse(text)["x-candor"]["hash"]; };
  for (const auto& [what, text] : mutations) {
    SCOPED_TRACE(what);
    const std::string after = schema_of(text);
    EXPECT_NE(after, before);
    EXPECT_NE(hash(after), hash(before));
  }
}

// Everything else that a catalog may say is in the artifact as well.
TEST(Schema, HoldsAllMetadata) {
  const std::string event =
      R"(, "e": {"description": "d", "owner": "o", "purpose": "usage", "runtimes": ["cpp"],
      "since": "1.0.0", "expires": "2030-01-01", "retention_days": 30,
      "fields": {"a": {"type": "integer", "unit": "ms", "description": "about a", "since": "1.1.0", "deprecated": "use b", "class": "identifier", "min": 1, "max": 2}}})";
  const std::string text = text_of({.more_events = event});
  const std::string before = schema_of(text);
  const std::pair<std::string_view, std::string_view> changes[] = {
      {R"("description": "d", "owner": "o", "purpose": "usage", "runtimes")",
       R"("description": "D", "owner": "o", "purpose": "usage", "runtimes")"},
      {R"("purpose": "usage", "runtimes")", R"("purpose": "adoption", "runtimes")"},
      {R"("owner": "o", "purpose": "usage", "runtimes")",
       R"("owner": "O", "purpose": "usage", "runtimes")"},
      {R"(["cpp"])", R"(["cpp", "node"])"},
      {"\"since\": \"1.0.0\"", "\"since\": \"1.0.1\""},
      {"2030-01-01", "2030-01-02"},
      {"\"retention_days\": 30", "\"retention_days\": 31"},
      {"\"unit\": \"ms\"", "\"unit\": \"s\""},
      {"about a", "About a"},
      {"1.1.0", "1.1.1"},
      {"use b", "use c"},
      {"identifier", "diagnostic"},
      {"\"min\": 1", "\"min\": 0"},
      {"\"max\": 2", "\"max\": 3"},
      {"~/.t", "~/.u"},
      {"\"off\"", "\"opt_in\""},
      {"\"sinks\": []",
       R"("sinks": [{"type": "posthog", "host": "https://h", "project_key": "k"}])"},
      {"product.version", "runtime.version"},
  };
  for (const auto& [from, to] : changes)
    EXPECT_NE(schema_of(replaced(text, from, to)), before) << from;
}

TEST(Schema, DependsOnTheMeaningAlone) {
  const std::string a = text_of(
      {.envelope =
           R"("r": {"type": "enum", "values": ["n", "p"], "source": "runtime.name", "map": {"node": "n", "cpp": "n", "python": "p"}})",
       .about = R"("runtimes": ["node", "python"], "description": "d",)",
       .fields = R"("x": {"type": "integer", "max": 5})",
       .more_events = R"(, "other": {}, "third": {})"});
  const std::string b = text_of(
      {.envelope = R"(// the same
      "r": {"map": {"python": "p", "cpp": "n", "node": "n"}, "source": "runtime.name", "values": ["n", "p"], "type": "enum",},)",
       .about = R"("description": "\u0064", "runtimes": ["python", "node"],)",
       .fields = R"("x": {"optional": false, "max": 5.0, "type": "integer", "class": "technical"})",
       .more_events = R"(, "third": {"fields": {}}, "other": {})"});
  EXPECT_EQ(schema_of(a), schema_of(b));
  EXPECT_EQ(schema_of(a), schema_of(a));
}

// The order of fields is the order of bytes, so it means something.
TEST(Schema, KeepsTheOrderOfFields) {
  const auto with = [](std::string_view first, std::string_view second) {
    return text_of({.fields = "\"" + std::string(first) + R"(": {"type": "boolean"}, ")" +
                              std::string(second) + R"(": {"type": "boolean"})"});
  };
  EXPECT_NE(schema_of(with("a", "b")), schema_of(with("b", "a")));
}

TEST(Schema, TheHashIsOfTheDocumentWithoutIt) {
  Json schema = Json::parse(schema_of(file_text("schema/ktx.telemetry.jsonc")));
  const std::string hash = schema["x-candor"]["hash"];
  schema["x-candor"].erase("hash");
  EXPECT_EQ(sha256_hex(schema.dump()), hash);
}

TEST(Schema, SaysWhatTheEncoderChecks) {
  const Json schema = Json::parse(schema_of(
      text_of({.envelope = R"("v": {"type": "string", "max_length": 9, "source": "product.version"},
        "c": {"type": "integer", "value": 5}, "o": {"type": "boolean", "optional": true, "source": "ci.detected"})",
               .fields = R"("i": {"type": "integer"}, "n": {"type": "number", "min": 0.5},
        "s": {"type": "string", "max_length": 7, "pattern": "slug", "optional": true},
        "e": {"type": "enum", "values": ["<10k"]},
        "l": {"type": "array", "min_items": 1, "items": {"type": "object", "fields": {"b": {"type": "boolean"}}}},
        "m": {"type": "map", "max_entries": 3, "values": {"type": "boolean"}})"})));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], Json({"event", "uuid", "timestamp", "properties"}));
  EXPECT_EQ(schema["allOf"][0]["then"]["properties"]["properties"]["$ref"], "#/$defs/thing_done");
  EXPECT_EQ(schema["$defs"]["envelope.c"]["const"], 5);
  const Json& event = schema["$defs"]["thing_done"];
  EXPECT_EQ(event["additionalProperties"], false);
  EXPECT_EQ(event["required"], Json({"v", "c", "i", "n", "e", "l", "m"}));
  const Json& p = event["properties"];
  EXPECT_EQ(p["v"]["$ref"], "#/$defs/envelope.v");
  EXPECT_EQ(p["i"]["minimum"], -9007199254740991);
  EXPECT_EQ(p["i"]["maximum"], 9007199254740991);
  EXPECT_EQ(p["n"]["minimum"], 0.5);
  EXPECT_FALSE(p["n"].contains("maximum"));
  EXPECT_EQ(p["s"]["maxLength"], 7);
  EXPECT_EQ(p["s"]["pattern"], regex(Pattern::slug));
  EXPECT_EQ(p["e"]["enum"], Json({"<10k"}));
  EXPECT_EQ(p["l"]["minItems"], 1);
  EXPECT_EQ(p["l"]["maxItems"], kCountDefault);
  EXPECT_EQ(p["l"]["items"]["additionalProperties"], false);
  EXPECT_EQ(p["m"]["maxProperties"], 3);
  EXPECT_EQ(p["m"]["propertyNames"]["maxLength"], kMapKeyLengthDefault);
  EXPECT_EQ(p["m"]["additionalProperties"]["type"], "boolean");
}

TEST(Schema, ACatalogWithoutEventsAcceptsNone) {
  Catalog empty;
  empty.name = "t";
  EXPECT_EQ(Json::parse(schema(empty))["properties"]["event"], false);
}

}  // namespace
}  // namespace candor::artifact
