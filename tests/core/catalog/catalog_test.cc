// What a correct catalog means once it is loaded, with its defaults.
#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/texts.h"

namespace candor::catalog {
namespace {

Catalog loaded(const std::string& text) {
  Loaded result = load(text);
  for (const Problem& p : result.problems)
    ADD_FAILURE() << p.line << ":" << p.column << " " << p.text;
  return result.catalog.value_or(Catalog{});
}

Shape shape_of(const std::string& json) {
  const Catalog catalog = loaded(text_of({.fields = "\"a\": " + json}));
  return catalog.events.at(0).fields.at(0).shape;
}

TEST(Catalog, KtxIsCompleteAndWithoutWarnings) {
  const std::string text = file_text("schema/ktx.telemetry.jsonc");
  EXPECT_THAT(places(check(text, "2026-06-15").problems), testing::IsEmpty());
  const Catalog ktx = loaded(text);
  EXPECT_EQ(ktx.name, "ktx");
  EXPECT_EQ(ktx.product.home, "~/.ktx");
  EXPECT_EQ(ktx.product.env_prefix, "KTX");
  EXPECT_EQ(ktx.envelope.size(), 7u);
  ASSERT_EQ(ktx.events.size(), 18u);
  for (const Event& event : ktx.events) {
    const bool daemon = event.name == "daemon_started" || event.name == "daemon_stopped" ||
                        event.name == "sl_plan_completed" || event.name == "sql_gen_completed";
    std::vector<std::string> runtimes{"node", "cpp"};
    if (daemon) runtimes = {"python"};
    if (event.name == "install_first_run") runtimes = {};
    EXPECT_EQ(event.runtimes, runtimes) << event.name;
    for (const Field& field : event.fields) {
      EXPECT_EQ(field.shape.klass == Class::diagnostic, field.name == "errorDetail");
      EXPECT_EQ(field.unit == "ms", field.name.ends_with("Ms")) << field.name;
    }
  }
}

TEST(Catalog, TheExampleIsWithoutWarnings) {
  EXPECT_THAT(places(check(file_text("schema/example.telemetry.jsonc"), "2026-06-15").problems),
              testing::IsEmpty());
}

TEST(Catalog, KeepsTheOrderOfTheFile) {
  const Catalog catalog =
      loaded(text_of({.fields = R"("z": {"type": "boolean"}, "a": {"type": "boolean"})",
                      .more_events = R"(, "a_first": {})"}));
  EXPECT_EQ(catalog.events.at(0).name, "thing_done");
  EXPECT_EQ(catalog.events.at(1).name, "a_first");
  EXPECT_EQ(catalog.events.at(0).fields.at(0).name, "z");
}

TEST(Catalog, ReadsEscapedTextAndNames) {
  const Catalog catalog = loaded(text_of(
      {.about = R"("description": "\u00e4 \ud83d\ude00 \"\n\/", "owner": "o", "purpose": "usage",)",
       .fields = R"("\u0061b": {"type": "boolean"})"}));
  EXPECT_EQ(catalog.events.at(0).description, "ä 😀 \"\n/");
  EXPECT_EQ(catalog.events.at(0).fields.at(0).name, "ab");
}

TEST(Catalog, IntegersAreExactInJavaScriptUnlessTheFieldSaysOtherwise) {
  const Shape plain = shape_of(R"({"type": "integer"})");
  EXPECT_EQ(plain.int_min, -9007199254740991);
  EXPECT_EQ(plain.int_max, 9007199254740991);
  const Shape wide =
      shape_of(R"({"type": "integer", "min": -9223372036854775808, "max": 9223372036854775807})");
  EXPECT_EQ(wide.int_min, INT64_MIN);
  EXPECT_EQ(wide.int_max, INT64_MAX);
  EXPECT_EQ(shape_of(R"({"type": "integer", "max": 1e3})").int_max, 1000);
}

TEST(Catalog, NumbersAreUnboundedUnlessTheFieldSaysOtherwise) {
  EXPECT_FALSE(shape_of(R"({"type": "number"})").has_num_min);
  const Shape shape = shape_of(R"({"type": "number", "min": 0, "max": 0.5})");
  EXPECT_TRUE(shape.has_num_min && shape.has_num_max);
  EXPECT_EQ(shape.num_min, 0.0);
  EXPECT_EQ(shape.num_max, 0.5);
}

TEST(Catalog, ListsAndMapsHaveDefaultBounds) {
  const Shape array = shape_of(R"({"type": "array", "items": {"type": "boolean"}})");
  EXPECT_EQ(array.count_min, 0u);
  EXPECT_EQ(array.count_max, kCountDefault);
  const Shape map = shape_of(R"({"type": "map", "values": {"type": "string", "max_length": 5}})");
  EXPECT_EQ(map.count_max, kCountDefault);
  EXPECT_EQ(map.max_length, kMapKeyLengthDefault);
  EXPECT_EQ(map.element.at(0).max_length, 5u);
  EXPECT_EQ(
      shape_of(R"({"type": "map", "max_length": 7, "values": {"type": "boolean"}})").max_length,
      7u);
}

TEST(Catalog, AClassHoldsForWhatIsInside) {
  const Shape array = shape_of(
      R"({"type": "array", "class": "diagnostic", "items": {"type": "map", "values": {"type": "string", "max_length": 5}}})");
  EXPECT_EQ(array.element.at(0).element.at(0).klass, Class::diagnostic);
  const Shape own = shape_of(
      R"({"type": "array", "class": "diagnostic", "items": {"type": "string", "class": "identifier", "max_length": 5}})");
  EXPECT_EQ(own.element.at(0).klass, Class::identifier);
  const Shape object = shape_of(
      R"({"type": "object", "class": "diagnostic", "fields": {"a": {"type": "string", "max_length": 5}}})");
  EXPECT_EQ(object.fields.at(0).shape.klass, Class::diagnostic);
}

TEST(Catalog, ConstantsAreCanonical) {
  const auto constant = [](const std::string& field) {
    return loaded(text_of({.envelope = "\"a\": " + field})).envelope.at(0).constant;
  };
  EXPECT_EQ(constant(R"({"type": "boolean", "value": false})"), "false");
  EXPECT_EQ(constant(R"({"type": "integer", "value": 5.0})"), "5");
  EXPECT_EQ(constant(R"({"type": "number", "value": 0.1})"), "0.1");
  EXPECT_EQ(constant(R"({"type": "number", "value": 1e-6})"), "0.000001");
  EXPECT_EQ(constant(R"({"type": "number", "value": 1e15})"), "1000000000000000");
  EXPECT_EQ(constant(R"({"type": "number", "value": -0.0})"), "0");
  EXPECT_EQ(
      constant(R"({"type": "string", "max_length": 9, "value": "\u00e4\"\u0001"})").substr(0, 1),
      "\"");
  EXPECT_EQ(constant(R"({"type": "enum", "values": ["x"], "value": "x"})"), "\"x\"");
}

TEST(Catalog, SaysWhereItsPartsAre) {
  const std::string text =
      "// A remark.\n" +
      text_of(
          {.envelope =
               R"("r": {"type": "string", "max_length": 9, "source": "runtime.name", "map": {"cpp": "c"}})",
           .about =
               R"("description": "d", "owner": "o", "purpose": "usage", "expires": "2030-01-01",)",
           .fields = "  \"a\": {\"type\": \"object\", \"fields\": {\n"
                     "\"b\": {\"class\": \"technical\", \"type\": \"string\", \"max_length\": 9}}}",
           .more_events = ", \"other\": {}"});
  const Catalog catalog = loaded(text);
  const auto place = [&](std::uint32_t at) {
    const Position found = position(text, at);
    return std::to_string(found.line) + ":" + std::to_string(found.column);
  };
  EXPECT_EQ(place(catalog.at), "2:1");
  EXPECT_EQ(place(catalog.product.at), "3:1");
  EXPECT_EQ(catalog.product.notice_at, 0u);
  EXPECT_EQ(place(catalog.sinks_at), "4:10");
  EXPECT_EQ(place(catalog.envelope.at(0).field.at), "6:1");
  EXPECT_EQ(place(catalog.envelope.at(0).map.at(0).at), "6:76");
  const Event& event = catalog.events.at(0);
  EXPECT_EQ(place(event.at), "8:13");
  EXPECT_EQ(place(event.description_at), "9:16");
  EXPECT_EQ(place(event.expires_at), "9:66");
  const Field& outer = event.fields.at(0);
  EXPECT_EQ(place(outer.at), "11:3");
  EXPECT_EQ(outer.class_at, 0u);
  EXPECT_EQ(place(outer.shape.fields.at(0).at), "12:1");
  EXPECT_EQ(place(outer.shape.fields.at(0).class_at), "12:16");
  EXPECT_EQ(place(catalog.events.at(1).at), "14:3");
  EXPECT_EQ(catalog.events.at(1).owner_at, 0u);
  // A byte order mark takes no column.
  EXPECT_EQ(position("\xef\xbb\xbf" + text, event.at).column, 13u);
}

TEST(Catalog, ReadsProductAndSinks) {
  const Catalog catalog = loaded(text_of(
      {.version = R"("candor": "0.2", )",
       .product =
           R"("product": {"name": "T", "home": "~/.t", "env_prefix": "T", "consent": {"mode": "opt_in", "ci": "send"}, "notice": {"version": 3, "text": "Hello.\nBye.", "hold_first_run": true}},)",
       .sinks =
           R"("sinks": [{"type": "posthog", "host": "https://h", "project_key": "k", "protocol": "v1", "geoip": true, "person_profiles": true, "server": true}],)"}));
  EXPECT_EQ(catalog.product.consent, ConsentMode::opt_in);
  EXPECT_EQ(catalog.product.notice_version, 3u);
  EXPECT_EQ(catalog.product.notice_text, "Hello.\nBye.");
  EXPECT_TRUE(catalog.product.notice_hold_first_run);
  ASSERT_EQ(catalog.sinks.size(), 1u);
  EXPECT_EQ(catalog.sinks[0].protocol, "v1");
  EXPECT_TRUE(catalog.product.send_in_ci);
  EXPECT_TRUE(catalog.sinks[0].geoip && catalog.sinks[0].person_profiles);
  EXPECT_TRUE(catalog.sinks[0].server);
}

TEST(Catalog, KnowsItsSources) {
  for (const char* source :
       {"product.version", "os.platform", "ci.detected", "host.region", "host.a_b"}) {
    EXPECT_TRUE(is_source(source)) << source;
  }
  for (const char* source : {"", "host.", "host", "host.a b", "os.platform ", "os"}) {
    EXPECT_FALSE(is_source(source)) << source;
  }
}

}  // namespace
}  // namespace candor::catalog
