// The meta-schema that editors use knows the keys and words that the parser knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "catalog/keys.h"
#include "catalog/texts.h"

namespace candor::catalog {
namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

Names keys_of(const Json& object) {
  Names names;
  for (const auto& [key, value] : object.items()) names.insert(key);
  return names;
}

Names texts_of(const Json& list) { return list.get<Names>(); }

void expect_same(const Json& schema, std::span<const Key> table) {
  Names names, required;
  for (const Key& key : table) {
    names.emplace(key.name);
    if (key.required) required.emplace(key.name);
  }
  EXPECT_EQ(keys_of(schema["properties"]), names);
  EXPECT_EQ(texts_of(schema.value("required", Json::array())), required);
  EXPECT_EQ(schema["additionalProperties"], false);
}

Names words(std::span<const std::string_view> table) { return {table.begin(), table.end()}; }

class MetaSchema : public testing::Test {
 protected:
  Json meta = Json::parse(file_text("schema/catalog.meta.json"));
  Json defs = meta["$defs"];
};

TEST_F(MetaSchema, HasTheKeysOfEveryObject) {
  expect_same(meta, kCatalogKeys);
  expect_same(defs["product"], kProductKeys);
  expect_same(defs["consent"], kConsentKeys);
  expect_same(defs["notice"], kNoticeKeys);
  expect_same(defs["sink"], kSinkKeys);
  expect_same(defs["event"], kEventKeys);
}

TEST_F(MetaSchema, HasTheKeysOfEveryKindOfField) {
  constexpr std::uint16_t kNested = bit(Type::array) | bit(Type::map) | bit(Type::object);
  Names field, element, envelope;
  for (const FieldKey& key : kFieldKeys) {
    if (key.places & kInField) field.emplace(key.name);
    if (key.places & kInElement) element.emplace(key.name);
    // An envelope field is never nested, so keys for those types alone are left out.
    if ((key.places & kInEnvelope) && (key.types & ~kNested)) envelope.emplace(key.name);
  }
  EXPECT_EQ(keys_of(defs["field"]["properties"]), field);
  EXPECT_EQ(keys_of(defs["element"]["properties"]), element);
  EXPECT_EQ(keys_of(defs["envelope_field"]["properties"]), envelope);
}

TEST_F(MetaSchema, HasTheWordsThatKeysChooseFrom) {
  EXPECT_EQ(texts_of(defs["type"]["enum"]), words(kTypes));
  EXPECT_EQ(texts_of(defs["pattern"]["enum"]), words(std::span(kPatterns).subspan(1)));
  EXPECT_EQ(texts_of(defs["class"]["enum"]), words(kClasses));
  EXPECT_EQ(texts_of(defs["consent"]["properties"]["mode"]["enum"]), words(kConsentModes));
  EXPECT_EQ(texts_of(defs["consent"]["properties"]["ci"]["enum"]), words(kCiModes));
  EXPECT_EQ(texts_of(defs["sink"]["properties"]["type"]["enum"]), words(kSinkTypes));
  EXPECT_EQ(texts_of(defs["sink"]["properties"]["protocol"]["enum"]), words(kProtocols));
  EXPECT_EQ(texts_of(defs["event"]["properties"]["runtimes"]["items"]["enum"]), words(kRuntimes));
  EXPECT_EQ(texts_of(defs["event"]["properties"]["purpose"]["enum"]), words(kPurposes));
  EXPECT_EQ(texts_of(defs["envelope_field"]["properties"]["source"]["anyOf"][0]["enum"]),
            words(kSources));
}

TEST_F(MetaSchema, HasTheLimits) {
  EXPECT_EQ(meta["properties"]["events"]["maxProperties"], kEventsMax);
  EXPECT_EQ(meta["properties"]["sinks"]["maxItems"], kSinksMax);
  EXPECT_EQ(defs["fields"]["maxProperties"], kFieldsMax);
  EXPECT_EQ(defs["field_name"]["maxLength"], kNameBytesMax);
  EXPECT_EQ(defs["max_length"]["maximum"], kLengthMax);
  EXPECT_EQ(defs["max_count"]["maximum"], kCountMax);
  EXPECT_EQ(defs["max_count"]["default"], kCountDefault);
  EXPECT_EQ(defs["enum_values"]["maxItems"], kEnumValuesMax);
  EXPECT_EQ(defs["text"]["maxLength"], kTextBytesMax);
}

}  // namespace
}  // namespace candor::catalog
