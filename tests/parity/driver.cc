// Puts events to the C++ client; README.md says what is read and answered.
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "candor/client.h"
#include "conformance/forms.h"

namespace candor::test {
namespace {

struct Unsayable {
  const char* why;
};

// Reads what one event says beside its fields.
EmitOptions options_of(const Json& event, Arena& arena) {
  EmitOptions options;
  const auto value_of = [&](const char* key) {
    return event.contains(key) ? arena.value(event.at(key)) : Value();
  };
  const auto text_of = [&](const char* key) {
    const Value value = value_of(key);
    if (value.kind() == Value::Kind::null) return std::optional<std::string_view>();
    if (value.kind() != Value::Kind::string) throw Unsayable{"an option that is no text"};
    return std::optional(value.string());
  };
  const Value timestamp = value_of("timestamp_ms");
  if (timestamp.kind() == Value::Kind::integer) {
    options.timestamp_ms = timestamp.integer();
  } else if (timestamp.kind() != Value::Kind::null) {
    throw Unsayable{"a timestamp that is no integer"};
  }
  options.uuid = text_of("uuid");
  options.distinct_id = text_of("distinct_id");
  return options;
}

class Driver {
 public:
  void open(const Json& line) {
    const Json& given = line.at("client");
    Options options{.catalog = given.at("catalog"),
                    .runtime = given.at("runtime"),
                    .home = given.at("home"),
                    .policy_file = "/nonexistent",
                    .delivery = Delivery::manual};
    lay_over(options.sources, given.at("sources"));
    client_ = Client::open(std::move(options));
    emit_ = line.at("emit");
  }

  std::string answer(const Json& event) {
    Arena arena;
    std::string bytes = R"({"accepted":true})";
    const std::string_view name = arena.text(event.at("event"));
    const std::vector<Field>& fields = arena.fields(event.at("fields"));
    const EmitOptions options = options_of(event, arena);
    const Outcome outcome = emit_ ? client_->emit(name, fields, options)
                                  : client_->encode(name, fields, bytes, options);
    if (outcome) return bytes;
    if (outcome.result == Result::rejected) {
      return Json{{"code", candor::name(outcome.code)}, {"field", outcome.field}}.dump();
    }
    return Json{{"trouble", candor::name(outcome.result)}}.dump();
  }

 private:
  std::unique_ptr<Client> client_;
  bool emit_ = false;
};

}  // namespace
}  // namespace candor::test

int main() {
  using candor::test::Json;
  std::ios::sync_with_stdio(false);
  candor::test::Driver driver;
  for (std::string line; std::getline(std::cin, line);) {
    const Json json = Json::parse(line);
    if (json.contains("client")) {
      driver.open(json);
      continue;
    }
    try {
      std::cout << driver.answer(json) << '\n';
    } catch (const candor::test::Unsayable& unsayable) {
      std::cout << Json{{"unsayable", unsayable.why}} << '\n';
    }
  }
}
