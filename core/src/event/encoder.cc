#include "event/encoder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.h"
#include "event/plan.h"
#include "event/writer.h"

namespace candor::event {
namespace {

constexpr std::string_view kTimestamp = R"(","timestamp":")";
constexpr std::string_view kProperties = R"(","properties":{)";
constexpr std::size_t kStampBytes = kUuidBytes + kTimestamp.size() + kTimestampBytes;

Outcome rejected(Code code, std::string field = {}) noexcept {
  Outcome outcome;
  outcome.result = Result::rejected;
  outcome.code = code;
  outcome.field = std::move(field);
  return outcome;
}

char* put(char* to, std::string_view bytes) noexcept {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

std::uint32_t hash(std::string_view name) noexcept {
  std::uint64_t h = name.size();
  while (!name.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = std::min(name.size(), sizeof word);
    std::memcpy(&word, name.data(), n);
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    h ^= h >> 32;
    name.remove_prefix(n);
  }
  return static_cast<std::uint32_t>(h);
}

struct Event {
  std::string head;  // {"event":"NAME","uuid":"
  bool for_runtime;
  std::vector<Member> members;
};

// A slot of the open-addressing table of names.
struct Slot {
  std::uint32_t hash = 0;
  std::int32_t event = -1;
};

// What a source says, after the envelope field's map from its text to what is sent.
// `storage` keeps a mapped text alive.
Value source_value(const catalog::EnvelopeField& field, const SourceValue& said,
                   std::string& storage) {
  Value value;
  if (const auto* text = std::get_if<std::string>(&said)) {
    storage = *text;
    value = Value(std::string_view(*text));
  } else if (const auto* boolean = std::get_if<bool>(&said)) {
    storage = *boolean ? "true" : "false";
    value = Value(*boolean);
  } else if (const auto* integer = std::get_if<std::int64_t>(&said)) {
    storage = std::to_string(*integer);
    value = Value(*integer);
  } else {
    value = Value(std::get<double>(said));
  }
  for (const catalog::MapEntry& entry : field.map) {
    if (entry.said == storage) return Value(std::string_view(entry.sent));
  }
  return value;
}

}  // namespace

struct Encoder::Tables {
  std::shared_ptr<const catalog::Catalog> catalog;
  redact::Redactor redactor;
  std::vector<Event> events;
  std::vector<Slot> slots;  // a power of two, at most half full
  std::string envelope;     // ","properties":{"cliVersion":"1.2.3",...
  Code envelope_code = Code::none;
  std::string envelope_field;

  void index();
  void add_envelope(const catalog::EnvelopeField& field, const SourceLookup& sources);
};

void Encoder::Tables::index() {
  slots.resize(std::bit_ceil(2 * events.size() + 1));
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::uint32_t h = hash(catalog->events[i].name);
    std::size_t at = h & mask;
    while (slots[at].event >= 0) at = (at + 1) & mask;
    slots[at] = {h, static_cast<std::int32_t>(i)};
  }
}

void Encoder::Tables::add_envelope(const catalog::EnvelopeField& field,
                                   const SourceLookup& sources) {
  const std::vector<Member> member = compile(std::vector<catalog::Field>{field.field});
  const bool first = envelope.size() == kProperties.size();
  Buffer bytes;
  Writer writer(bytes, redactor);
  if (!field.constant.empty()) {
    writer.put(std::string_view(member[0].key).substr(first ? 1 : 0));
    writer.put(field.constant);
  } else {
    std::string storage;
    const std::optional<SourceValue> said = sources(field.source);
    const Field given{field.field.name, said ? source_value(field, *said, storage) : Value()};
    envelope_code = writer.members(member, {&given, 1}, first);
    if (envelope_code != Code::none) envelope_field = writer.path();
  }
  envelope += bytes.view();
}

Encoder::Encoder(std::shared_ptr<const catalog::Catalog> catalog, std::string_view runtime,
                 const SourceLookup& sources, std::shared_ptr<const redact::Literals> secrets) {
  auto tables = std::make_unique<Tables>();
  tables->catalog = std::move(catalog);
  tables->redactor = {tables->catalog->product.env_prefix, std::move(secrets)};
  tables->envelope = kProperties;
  for (const catalog::EnvelopeField& field : tables->catalog->envelope) {
    if (tables->envelope_code == Code::none) tables->add_envelope(field, sources);
  }
  for (const catalog::Event& event : tables->catalog->events) {
    const bool for_runtime =
        event.runtimes.empty() ||
        std::find(event.runtimes.begin(), event.runtimes.end(), runtime) != event.runtimes.end();
    tables->events.push_back(
        {R"({"event":")" + event.name + R"(","uuid":")", for_runtime, compile(event.fields)});
  }
  tables->index();
  tables_ = std::move(tables);
}

Encoder::~Encoder() = default;

int Encoder::find(std::string_view event) const noexcept {
  if (event.size() > catalog::kNameBytesMax) return -1;
  const std::size_t mask = tables_->slots.size() - 1;
  const std::uint32_t h = hash(event);
  for (std::size_t at = h & mask; tables_->slots[at].event >= 0; at = (at + 1) & mask) {
    const Slot& slot = tables_->slots[at];
    if (slot.hash == h &&
        tables_->catalog->events[static_cast<std::size_t>(slot.event)].name == event) {
      return slot.event;
    }
  }
  return -1;
}

Outcome Encoder::encode(int event, std::span<const Field> fields, const Stamp& stamp,
                        Buffer& out) const noexcept {
  const std::size_t start = out.size();
  try {
    if (event < 0 || static_cast<std::size_t>(event) >= tables_->events.size()) {
      return rejected(Code::unknown_event);
    }
    const Event& plan = tables_->events[static_cast<std::size_t>(event)];
    if (!plan.for_runtime) return rejected(Code::wrong_runtime);
    if (tables_->envelope_code != Code::none) {
      return rejected(tables_->envelope_code, tables_->envelope_field);
    }

    const std::string& envelope = tables_->envelope;
    const std::size_t bytes = plan.head.size() + kStampBytes + envelope.size();
    Writer writer(out, tables_->redactor);
    if (char* to = writer.room(bytes)) {
      to = put(to, plan.head);
      to = put(to, {stamp.uuid.data(), stamp.uuid.size()});
      to = put(to, kTimestamp);
      format_timestamp(stamp.unix_ms, std::span<char, kTimestampBytes>(to, kTimestampBytes));
      put(to + kTimestampBytes, envelope);
      writer.advance(bytes);
    }
    Code code = writer.members(plan.members, fields, envelope.size() == kProperties.size());
    if (code == Code::none) {
      writer.put("}}");
      if (!writer.spilled() && writer.size() <= kEventBytesMax) return {};
      code = Code::too_large;
    }
    out.truncate(start);
    return rejected(code, writer.path());
  } catch (...) {  // no memory: for a path, redacted text or a map of many entries
    out.truncate(start);
    return rejected(Code::too_large);
  }
}

}  // namespace candor::event
