// Generated types: what they say is tested by the type checkers of each language (tests/node,
// tests/python); here, that they are the same for the same meaning and that no text breaks out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "artifact/artifact.h"
#include "catalog/texts.h"

namespace candor::artifact {
namespace {

using catalog::text_of;
using ::testing::HasSubstr;
using ::testing::Not;

Catalog loaded(const std::string& text) {
  catalog::Loaded result = catalog::load(text);
  for (const auto& p : result.problems) ADD_FAILURE() << p.line << ":" << p.column << " " << p.text;
  return result.catalog.value_or(Catalog{});
}

constexpr Language kAll[] = {Language::typescript, Language::python};

TEST(Types, DependOnTheMeaningAlone) {
  const std::string ktx = catalog::file_text("schema/ktx.telemetry.jsonc");
  const Catalog once = loaded(ktx), again = loaded("// A remark.\n" + ktx);
  for (const Language language : kAll) EXPECT_EQ(types(once, language), types(again, language));
}

TEST(Types, CarryTheHashOfTheSchema) {
  const Catalog catalog = loaded(catalog::file_text("schema/ktx.telemetry.jsonc"));
  const std::string hash = nlohmann::json::parse(schema(catalog))["x-candor"]["hash"];
  EXPECT_EQ(artifact::hash(catalog), hash);
  for (const Language language : kAll) {
    EXPECT_THAT(types(catalog, language), HasSubstr("Catalog hash: " + hash + "\n"));
  }
}

TEST(Types, AreOfTheRuntimesEvents) {
  const Catalog catalog = loaded(
      text_of({.about = R"("runtimes": ["python"], )",
               .more_events = R"(, "for_node": {"runtimes": ["node", "cpp"]}, "for_all": {})"}));
  EXPECT_THAT(typescript(catalog), Not(HasSubstr("thing_done")));
  EXPECT_THAT(python(catalog), HasSubstr("thing_done"));
  EXPECT_THAT(typescript(catalog), HasSubstr("for_node"));
  EXPECT_THAT(python(catalog), Not(HasSubstr("for_node")));
  for (const Language language : kAll) EXPECT_THAT(types(catalog, language), HasSubstr("for_all"));
}

TEST(Types, NoTextEndsItsComment) {
  const Catalog catalog = loaded(text_of(
      {.about = R"("description": "a */ b \"\"\" c \\ d\n**/ e", )",
       .fields =
           R"("x": {"type": "enum", "values": ["\"", "\\", "*/"], "description": "*/ \"\"\""})"}));
  const std::string ts = typescript(catalog);
  EXPECT_THAT(ts, HasSubstr("a * / b"));
  EXPECT_THAT(ts, HasSubstr("** / e"));
  EXPECT_THAT(ts, HasSubstr(R"("\"" | "\\" | "*/")"));
  const std::string py = python(catalog);
  EXPECT_THAT(py, HasSubstr(R"(b \"\"\" c \\ d)"));
  EXPECT_THAT(py, HasSubstr(R"(_t.Literal["\"", "\\", "*/"])"));
}

TEST(Types, ClassesThatWouldHaveOneNameAreNumbered) {
  const std::string py =
      python(loaded(text_of({.more_events = R"(, "a_1": {}, "a1": {}, "t": {})"})));
  for (const char* name : {"class T:", "class T_2(", "class A1(", "class A1_2("})
    EXPECT_THAT(py, HasSubstr(name));
}

}  // namespace
}  // namespace candor::artifact
