// Any values for the events of a catalog that has every type: what is accepted
// is one JSON object in UTF-8, what is rejected says why without a value.
#include <array>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "candor/event.h"
#include "candor/outcome.h"
#include "catalog/catalog.h"
#include "event/encoder.h"
#include "fuzz.h"
#include "platform/file.h"

using candor::Field;
using candor::Value;
using candor::fuzz::Input;
using candor::fuzz::require;

namespace {

// Holds what the views of one event's values point to.
class Tree {
 public:
  Tree(Input& input, const std::vector<std::string>& names) : input_(input), names_(names) {}

  std::vector<Field> fields(int depth) {
    std::vector<Field> made(input_.byte() % 12);
    for (Field& field : made) field = {name(), value(depth)};
    return made;
  }

 private:
  std::string_view name() {
    const std::size_t choice = input_.byte();
    return choice < names_.size() ? std::string_view(names_[choice]) : input_.text();
  }

  Value value(int depth) {
    switch (input_.byte() % 12) {
      case 0: return {};
      case 1: return (input_.byte() & 1) != 0;
      case 2: return static_cast<std::int64_t>(input_.word());
      case 3: return static_cast<std::int64_t>(static_cast<std::int8_t>(input_.byte()));
      case 4: {
        double number;
        const std::uint64_t bits = input_.word();
        std::memcpy(&number, &bits, sizeof number);
        return number;
      }
      case 5: return static_cast<double>(static_cast<std::int8_t>(input_.byte())) / 4;
      case 6:
      case 7: return input_.text();
      case 8: return name();
      case 9: {
        if (depth == 0) return {};
        auto& items = arrays_.emplace_back(std::make_unique<std::vector<Value>>(input_.byte() % 8));
        std::vector<Value>* const at = items.get();
        for (Value& item : *at) item = value(depth - 1);
        return Value::array(at->data(), at->size());
      }
      case 10: {
        if (depth == 0) return {};
        auto made = std::make_unique<std::vector<Field>>(fields(depth - 1));
        auto& kept = objects_.emplace_back(std::move(made));
        return Value::object(kept->data(), kept->size());
      }
      default: return Value::unsupported();
    }
  }

  Input& input_;
  const std::vector<std::string>& names_;
  std::vector<std::unique_ptr<std::vector<Value>>> arrays_;
  std::vector<std::unique_ptr<std::vector<Field>>> objects_;
};

void add_names(const std::vector<candor::catalog::Field>& fields, std::vector<std::string>& to);

void add_names(const candor::catalog::Shape& shape, std::vector<std::string>& to) {
  add_names(shape.fields, to);
  for (const auto& element : shape.element) add_names(element, to);
  to.insert(to.end(), shape.values.begin(), shape.values.end());
}

void add_names(const std::vector<candor::catalog::Field>& fields, std::vector<std::string>& to) {
  for (const auto& field : fields) {
    to.push_back(field.name);
    add_names(field.shape, to);
  }
}

struct Subject {
  std::shared_ptr<const candor::catalog::Catalog> catalog;
  std::unique_ptr<candor::event::Encoder> encoder;
  std::vector<std::vector<std::string>> names;  // by event: fields and enum values

  Subject() {
    const auto text = candor::file::read(CANDOR_SOURCE_DIR "/tests/fuzz/emit.telemetry.jsonc",
                                         candor::catalog::kCatalogBytesMax);
    require(text.ok(), "the catalog can be read");
    auto loaded = candor::catalog::load(*text);
    require(loaded.catalog.has_value(), "the catalog is good");
    catalog = std::make_shared<const candor::catalog::Catalog>(std::move(*loaded.catalog));
    encoder = std::make_unique<candor::event::Encoder>(
        catalog, "cpp", [](std::string_view source) -> std::optional<candor::SourceValue> {
          if (source == "product.version") return "1.2.3";
          return std::nullopt;
        });
    for (const auto& event : catalog->events) {
      add_names(event.fields, names.emplace_back());
      require(names.back().size() < 200, "a byte chooses a name");
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Subject subject;
  Input input(data, size);
  const std::size_t which = input.byte() % subject.catalog->events.size();
  Tree tree(input, subject.names[which]);
  const std::vector<Field> fields = tree.fields(4);

  candor::event::Stamp stamp;
  stamp.unix_ms = static_cast<std::int64_t>(input.word());
  stamp.uuid.fill('0');
  candor::event::Buffer bytes;
  const int event = subject.encoder->find(subject.catalog->events[which].name);
  require(event == static_cast<int>(which), "an event of the catalog is found");
  const candor::Outcome outcome = subject.encoder->encode(event, fields, stamp, bytes);

  if (outcome) {
    require(!bytes.overflowed() && bytes.view().size() <= candor::kEventBytesMax,
            "within the limit");
    require(candor::utf8_length(bytes.view()).has_value(), "canonical bytes are UTF-8");
    const auto json = nlohmann::json::parse(bytes.view(), nullptr, false);
    require(json.is_object() && json.size() == 4, "canonical bytes are one JSON object");
    require(json["properties"]["version"] == "1.2.3", "the envelope is there");
  } else {
    require(outcome.result == candor::Result::rejected && outcome.code != candor::Code::none,
            "rejected, and it says why");
    require(outcome.field.size() <= 128 && candor::utf8_length(outcome.field).has_value(),
            "a field's name is short and UTF-8");
  }
  return 0;
}
