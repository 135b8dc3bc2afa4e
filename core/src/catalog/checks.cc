#include "catalog/checks.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/keys.h"

namespace candor::catalog {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Calls visit(item, node) for things that stand in the file in the order of `items`.
template <typename Items, typename Visit>
void each(const Checked& checked, const Node* object, const Items& items, Visit visit) {
  if (!object) return;
  const Node* node = checked.document.first(*object);
  for (const auto& item : items) {
    if (!node) return;
    visit(item, *node);
    node = checked.document.next(*node);
  }
}

template <typename Visit>
void each_event(const Checked& checked, Visit visit) {
  const Node* events = checked.document.find(checked.document.root(), "events");
  each(checked, events, checked.catalog.events, visit);
}

template <typename Visit>
void each_envelope_field(const Checked& checked, Visit visit) {
  const Node* envelope = checked.document.find(checked.document.root(), "envelope");
  each(checked, envelope, checked.catalog.envelope, visit);
}

template <typename Visit>
void each_field_of(const Checked& checked, const Event& event, const Node& node, Visit visit) {
  each(checked, checked.document.find(node, "fields"), event.fields, visit);
}

// `field` and all fields inside it.
template <typename Visit>
void nested(const Checked& checked, const Shape& shape, const Node& node, Visit& visit) {
  each(checked, checked.document.find(node, "fields"), shape.fields,
       [&](const Field& field, const Node& at) {
         visit(field, at);
         nested(checked, field.shape, at, visit);
       });
  if (shape.element.empty()) return;
  const Node* element = checked.document.find(node, shape.type == Type::array ? "items" : "values");
  if (element) nested(checked, shape.element.front(), *element, visit);
}

// Every field of the envelope, of events and of objects in them.
template <typename Visit>
void every_field(const Checked& checked, Visit visit) {
  const auto whole = [&](const Field& field, const Node& node) {
    visit(field, node);
    nested(checked, field.shape, node, visit);
  };
  each_envelope_field(checked, [&](const EnvelopeField& e, const Node& n) { whole(e.field, n); });
  each_event(checked, [&](const Event& event, const Node& node) {
    each_field_of(checked, event, node, whole);
  });
}

// The words of "sourceURLCount" and "source_url_count" alike, in lower case.
std::vector<std::string> words(std::string_view name) {
  std::vector<std::string> found;
  bool fresh = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_') {
      fresh = true;
      continue;
    }
    const bool after_lower = i > 0 && !is_upper(name[i - 1]);
    const bool before_lower = i + 1 < name.size() && !is_upper(name[i + 1]) && name[i + 1] != '_';
    if (fresh || (is_upper(c) && (after_lower || before_lower))) found.emplace_back();
    fresh = false;
    found.back().push_back(lower(c));
  }
  return found;
}

std::string squeezed(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c != '_') text.push_back(lower(c));
  }
  return text;
}

// Whether long names are a letter apart, so that one is likely a slip of the other.
// Names that differ in a digit (step1, step2) are meant to.
bool one_letter_apart(std::string_view a, std::string_view b) noexcept {
  constexpr std::size_t kLong = 7;
  if (a.size() < b.size()) std::swap(a, b);
  if (b.size() < kLong || a.size() - b.size() > 1) return false;
  std::size_t head = 0, tail = 0;
  while (head < b.size() && a[head] == b[head]) ++head;
  while (tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  if (head + tail + 1 < a.size() || head == a.size()) return false;
  return !is_digit(a[head]) && !(a.size() == b.size() && is_digit(b[head]));
}

struct Named {
  std::string_view name;
  std::size_t offset;
};

void warn_of_slips(const Checked& checked, const std::vector<Named>& names) {
  for (std::size_t i = 1; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!one_letter_apart(names[i].name, names[j].name)) continue;
      checked.report.add(Rule::similar_names, names[i].offset,
                         quoted(names[i].name) + " is easily taken for " + quoted(names[j].name));
      break;
    }
  }
}

bool holds_text(const Shape& shape) noexcept {
  if (shape.type == Type::string) return true;
  return !shape.element.empty() && holds_text(shape.element.front());
}

struct UnitWord {
  std::string_view word;
  std::string_view units[2];
};
constexpr UnitWord kUnitWords[] = {{"ns", {"ns"}},
                                   {"nanos", {"ns"}},
                                   {"nanoseconds", {"ns"}},
                                   {"us", {"us"}},
                                   {"micros", {"us"}},
                                   {"microseconds", {"us"}},
                                   {"ms", {"ms"}},
                                   {"millis", {"ms"}},
                                   {"milliseconds", {"ms"}},
                                   {"sec", {"s"}},
                                   {"secs", {"s"}},
                                   {"seconds", {"s"}},
                                   {"mins", {"min"}},
                                   {"minutes", {"min"}},
                                   {"hours", {"h"}},
                                   {"days", {"d", "days"}},
                                   {"bytes", {"bytes", "B"}},
                                   {"kb", {"kB", "KB"}},
                                   {"kib", {"KiB"}},
                                   {"mb", {"MB"}},
                                   {"mib", {"MiB"}},
                                   {"gb", {"GB"}},
                                   {"gib", {"GiB"}},
                                   {"pct", {"%", "percent"}},
                                   {"percent", {"%", "percent"}}};

constexpr std::string_view kSensitiveWords[] = {
    "password", "passwd",     "pwd",         "passphrase", "secret",        "secrets",  "token",
    "tokens",   "credential", "credentials", "auth",       "authorization", "cookie",   "cookies",
    "apikey",   "key",        "email",       "emails",     "mail",          "phone",    "address",
    "ip",       "url",        "urls",        "uri",        "host",          "hostname", "domain",
    "path",     "paths",      "file",        "files",      "filename",      "dir",      "directory",
    "folder",   "user",       "username",    "login",      "account",       "query",    "sql",
    "argv",     "args",       "env",         "message",    "prompt",        "content",  "body",
    "stack",    "stacktrace", "traceback"};

constexpr std::string_view kPlatforms[] = {"linux", "darwin", "win32", "freebsd"};

std::span<const std::string_view> said_by(std::string_view source) noexcept {
  if (source == "runtime.name") return kRuntimes;
  if (source == "os.platform") return kPlatforms;
  return {};
}

}  // namespace

void repeats_envelope(const Checked& checked) {
  each_event(checked, [&](const Event& event, const Node& node) {
    each_field_of(checked, event, node, [&](const Field& field, const Node& at) {
      for (const EnvelopeField& e : checked.catalog.envelope) {
        if (e.field.name != field.name) continue;
        checked.report.add(Rule::repeats_envelope, at.key_offset,
                           quoted(field.name) + " is already in the envelope of every event");
        break;
      }
    });
  });
}

void similar_names(const Checked& checked) {
  std::vector<Named> events;
  std::vector<Named> fields;
  std::unordered_map<std::string, std::string_view> event_spellings, field_spellings;
  const auto compare = [&](auto& spellings, std::string_view name, const Node& node) {
    const auto [known, fresh] = spellings.try_emplace(squeezed(name), name);
    if (fresh || known->second == name) return;
    checked.report.add(Rule::similar_names, node.key_offset,
                       quoted(name) + " is spelled " + quoted(known->second) + " elsewhere");
  };
  every_field(checked, [&](const Field& field, const Node& node) {
    compare(field_spellings, field.name, node);
  });
  std::vector<Named> envelope;
  each_envelope_field(checked, [&](const EnvelopeField& e, const Node& node) {
    envelope.push_back({e.field.name, node.key_offset});
  });
  each_event(checked, [&](const Event& event, const Node& node) {
    compare(event_spellings, event.name, node);
    events.push_back({event.name, node.key_offset});
    fields = envelope;
    each_field_of(checked, event, node, [&](const Field& field, const Node& at) {
      fields.push_back({field.name, at.key_offset});
    });
    warn_of_slips(checked, fields);
  });
  warn_of_slips(checked, events);
}

void unit_in_name(const Checked& checked) {
  every_field(checked, [&](const Field& field, const Node& node) {
    if (field.shape.type != Type::integer && field.shape.type != Type::number) return;
    const std::vector<std::string> parts = words(field.name);
    if (parts.size() < 2) return;
    const auto* known = std::ranges::find(kUnitWords, parts.back(), &UnitWord::word);
    if (known == std::end(kUnitWords)) return;
    if (std::ranges::find(known->units, field.unit) != std::end(known->units) &&
        !field.unit.empty())
      return;
    checked.report.add(Rule::unit_in_name, node.key_offset,
                       quoted(field.name) + " names a unit; " +
                           (field.unit.empty() ? "say" : "its 'unit' says another: expected") +
                           " \"unit\": \"" + std::string(known->units[0]) + "\"");
  });
}

void sensitive_name(const Checked& checked) {
  every_field(checked, [&](const Field& field, const Node& node) {
    if (!holds_text(field.shape) || checked.document.find(node, "class")) return;
    for (const std::string& word : words(field.name)) {
      if (std::ranges::find(kSensitiveWords, word) == std::end(kSensitiveWords)) continue;
      checked.report.add(Rule::sensitive_name, node.key_offset,
                         quoted(field.name) + " sounds as if it could hold a user's " + word +
                             "; say its 'class' (technical, identifier or diagnostic)");
      return;
    }
  });
}

void inconsistent_field(const Checked& checked) {
  struct Seen {
    const Field* field;
    const Event* event;
  };
  std::unordered_map<std::string_view, Seen> seen;
  each_event(checked, [&](const Event& event, const Node& node) {
    each_field_of(checked, event, node, [&](const Field& field, const Node& at) {
      const Seen& first = seen.try_emplace(field.name, Seen{&field, &event}).first->second;
      if (first.event == &event) return;
      const Field& other = *first.field;
      std::string text = quoted(field.name);
      if (other.shape.type != field.shape.type) {
        text += " is of type " + std::string(name(other.shape.type)) + " in an earlier event";
      } else if (other.unit != field.unit) {
        text += other.unit.empty() ? " has no unit in an earlier event"
                                   : " has the unit " + quoted(other.unit) + " in an earlier event";
      } else {
        return;
      }
      checked.report.add(Rule::inconsistent_field, at.key_offset, std::move(text));
    });
  });
}

void expired_event(const Checked& checked) {
  each_event(checked, [&](const Event& event, const Node& node) {
    if (event.expires.empty() || event.expires >= checked.today) return;
    const Node* expires = checked.document.find(node, "expires");
    checked.report.add(Rule::expired_event, expires ? expires->offset : node.key_offset,
                       quoted(event.name) + " has expired; remove it or renew it");
  });
}

void unused_map_entry(const Checked& checked) {
  each_envelope_field(checked, [&](const EnvelopeField& field, const Node& node) {
    const auto said = said_by(field.source);
    each(checked, checked.document.find(node, "map"), field.map,
         [&](const auto& entry, const Node& at) {
           const bool never = !said.empty() && std::ranges::find(said, entry.first) == said.end();
           if (!never && entry.first != entry.second) return;
           checked.report.add(Rule::unused_map_entry, at.key_offset,
                              never ? quoted(field.source) + " never says " + quoted(entry.first) +
                                          checked.report.did_you_mean(entry.first, said)
                                    : quoted(entry.first) + " stays what it is without this entry");
         });
  });
}

void unmapped_runtime(const Checked& checked) {
  const auto sends = [&](std::string_view runtime) {
    return std::ranges::any_of(checked.catalog.events, [&](const Event& event) {
      return event.runtimes.empty() ||
             std::ranges::find(event.runtimes, runtime) != event.runtimes.end();
    });
  };
  each_envelope_field(checked, [&](const EnvelopeField& field, const Node& node) {
    if (field.source != "runtime.name" || field.field.shape.type != Type::enumeration) return;
    for (const std::string_view runtime : kRuntimes) {
      const auto entry = std::ranges::find(field.map, runtime,
                                           [](const auto& e) { return std::string_view(e.first); });
      const std::string_view sent =
          entry == field.map.end() ? runtime : std::string_view(entry->second);
      if (std::ranges::find(field.field.shape.values, sent) != field.field.shape.values.end() ||
          !sends(runtime))
        continue;
      checked.report.add(Rule::unmapped_runtime, node.key_offset,
                         quoted(field.field.name) + " has no value for the runtime " +
                             quoted(runtime) + ": its events would be rejected");
    }
  });
}

void unknown_purpose(const Checked& checked) {
  each_event(checked, [&](const Event& event, const Node& node) {
    const Node* purpose = checked.document.find(node, "purpose");
    if (event.purpose.empty() || !purpose) return;
    if (std::ranges::find(kPurposes, event.purpose) != std::end(kPurposes)) return;
    checked.report.add(Rule::unknown_purpose, purpose->offset,
                       quoted(event.purpose) + " is no purpose that candor knows" +
                           checked.report.did_you_mean(event.purpose, kPurposes));
  });
}

void missing_metadata(const Checked& checked) {
  each_event(checked, [&](const Event& event, const Node& node) {
    std::string missing;
    const auto want = [&](std::string_view key) {
      if (checked.document.find(node, key)) return;
      missing += (missing.empty() ? "'" : ", '") + std::string(key) + "'";
    };
    if (node.kind != Kind::object) return;
    want("description");
    want("owner");
    want("purpose");
    if (missing.empty()) return;
    checked.report.add(Rule::missing_metadata, node.key_offset,
                       quoted(event.name) + " lacks " + missing);
  });
}

void no_notice(const Checked& checked) {
  const Node* product = checked.document.find(checked.document.root(), "product");
  if (!product || product->kind != Kind::object) return;
  if (checked.catalog.product.consent != ConsentMode::opt_out) return;
  if (checked.document.find(*product, "notice")) return;
  checked.report.add(Rule::no_notice, product->key_offset,
                     "telemetry is on by default, so the product needs a 'notice' that says so");
}

void no_sink(const Checked& checked) {
  if (!checked.catalog.sinks.empty() || checked.document.find(checked.document.root(), "sinks"))
    return;
  checked.report.add(Rule::no_sink, checked.document.root().offset,
                     "without 'sinks' events are kept on the machine and never sent");
}

}  // namespace candor::catalog
