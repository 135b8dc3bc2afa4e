#include "catalog/checks.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/code_names.h"
#include "catalog/keys.h"

namespace candor::catalog {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Calls visit(field) for `field` and all fields inside it.
template <typename Visit>
void nested(const Shape& shape, Visit& visit) {
  for (const Field& field : shape.fields) {
    visit(field);
    nested(field.shape, visit);
  }
  if (!shape.element.empty()) nested(shape.element.front(), visit);
}

// Every field of the envelope, of events and of objects in them, in file order but for the
// envelope, which comes first.
template <typename Visit>
void every_field(const Catalog& catalog, Visit visit) {
  const auto whole = [&](const Field& field) {
    visit(field);
    nested(field.shape, visit);
  };
  for (const EnvelopeField& envelope : catalog.envelope) whole(envelope.field);
  for (const Event& event : catalog.events) {
    for (const Field& field : event.fields) whole(field);
  }
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
  for (const Event& event : checked.catalog.events) {
    for (const Field& field : event.fields) {
      const bool repeats = std::ranges::any_of(
          checked.catalog.envelope, [&](const auto& e) { return e.field.name == field.name; });
      if (!repeats) continue;
      checked.report.add(Rule::repeats_envelope, field.at,
                         quoted(field.name) + " is already in the envelope of every event");
    }
  }
}

void similar_names(const Checked& checked) {
  std::unordered_map<std::string, std::string_view> event_spellings, field_spellings;
  const auto compare = [&](auto& spellings, std::string_view name, std::uint32_t at) {
    const auto [known, fresh] = spellings.try_emplace(squeezed(name), name);
    if (fresh || known->second == name) return;
    checked.report.add(Rule::similar_names, at,
                       quoted(name) + " is spelled " + quoted(known->second) + " elsewhere");
  };
  every_field(checked.catalog,
              [&](const Field& field) { compare(field_spellings, field.name, field.at); });
  std::vector<Named> events, envelope, fields;
  for (const EnvelopeField& e : checked.catalog.envelope)
    envelope.push_back({e.field.name, e.field.at});
  for (const Event& event : checked.catalog.events) {
    compare(event_spellings, event.name, event.at);
    events.push_back({event.name, event.at});
    fields = envelope;
    for (const Field& field : event.fields) fields.push_back({field.name, field.at});
    warn_of_slips(checked, fields);
  }
  warn_of_slips(checked, events);
}

void unit_in_name(const Checked& checked) {
  every_field(checked.catalog, [&](const Field& field) {
    if (field.shape.type != Type::integer && field.shape.type != Type::number) return;
    const std::vector<std::string> parts = words(field.name);
    if (parts.size() < 2) return;
    const auto* known = std::ranges::find(kUnitWords, parts.back(), &UnitWord::word);
    if (known == std::end(kUnitWords)) return;
    if (std::ranges::find(known->units, field.unit) != std::end(known->units) &&
        !field.unit.empty())
      return;
    checked.report.add(Rule::unit_in_name, field.at,
                       quoted(field.name) + " names a unit; " +
                           (field.unit.empty() ? "say" : "its 'unit' says another: expected") +
                           " \"unit\": \"" + std::string(known->units[0]) + "\"");
  });
}

void sensitive_name(const Checked& checked) {
  every_field(checked.catalog, [&](const Field& field) {
    if (!holds_text(field.shape) || field.class_at != 0) return;
    for (const std::string& word : words(field.name)) {
      if (std::ranges::find(kSensitiveWords, word) == std::end(kSensitiveWords)) continue;
      checked.report.add(Rule::sensitive_name, field.at,
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
  for (const Event& event : checked.catalog.events) {
    for (const Field& field : event.fields) {
      const Seen& first = seen.try_emplace(field.name, Seen{&field, &event}).first->second;
      if (first.event == &event) continue;
      const Field& other = *first.field;
      std::string text = quoted(field.name);
      if (other.shape.type != field.shape.type) {
        text += " is of type " + std::string(name(other.shape.type)) + " in an earlier event";
      } else if (other.unit != field.unit) {
        text += other.unit.empty() ? " has no unit in an earlier event"
                                   : " has the unit " + quoted(other.unit) + " in an earlier event";
      } else {
        continue;
      }
      checked.report.add(Rule::inconsistent_field, field.at, std::move(text));
    }
  }
}

void expired_event(const Checked& checked) {
  for (const Event& event : checked.catalog.events) {
    if (event.expires.empty() || event.expires >= checked.today) continue;
    checked.report.add(Rule::expired_event, event.expires_at,
                       quoted(event.name) + " has expired; remove it or renew it");
  }
}

void unused_map_entry(const Checked& checked) {
  for (const EnvelopeField& field : checked.catalog.envelope) {
    const auto said = said_by(field.source);
    for (const MapEntry& entry : field.map) {
      const bool never = !said.empty() && std::ranges::find(said, entry.said) == said.end();
      if (!never && entry.said != entry.sent) continue;
      checked.report.add(Rule::unused_map_entry, entry.at,
                         never ? quoted(field.source) + " never says " + quoted(entry.said) +
                                     checked.report.did_you_mean(entry.said, said)
                               : quoted(entry.said) + " stays what it is without this entry");
    }
  }
}

void unmapped_runtime(const Checked& checked) {
  const auto sends = [&](std::string_view runtime) {
    return std::ranges::any_of(checked.catalog.events, [&](const Event& event) {
      return event.runtimes.empty() ||
             std::ranges::find(event.runtimes, runtime) != event.runtimes.end();
    });
  };
  for (const EnvelopeField& field : checked.catalog.envelope) {
    if (field.source != "runtime.name" || field.field.shape.type != Type::enumeration) continue;
    const auto& values = field.field.shape.values;
    for (const std::string_view runtime : kRuntimes) {
      const auto entry = std::ranges::find(field.map, runtime, &MapEntry::said);
      const std::string_view sent =
          entry == field.map.end() ? runtime : std::string_view(entry->sent);
      if (std::ranges::find(values, sent) != values.end() || !sends(runtime)) continue;
      checked.report.add(Rule::unmapped_runtime, field.field.at,
                         quoted(field.field.name) + " has no value for the runtime " +
                             quoted(runtime) + ": its events would be rejected");
    }
  }
}

void unknown_purpose(const Checked& checked) {
  for (const Event& event : checked.catalog.events) {
    if (event.purpose.empty()) continue;
    if (std::ranges::find(kPurposes, event.purpose) != std::end(kPurposes)) continue;
    checked.report.add(Rule::unknown_purpose, event.purpose_at,
                       quoted(event.purpose) + " is no purpose that candor knows" +
                           checked.report.did_you_mean(event.purpose, kPurposes));
  }
}

void missing_metadata(const Checked& checked) {
  for (const Event& event : checked.catalog.events) {
    std::string missing;
    const auto want = [&](std::uint32_t at, std::string_view key) {
      if (at == 0) missing += (missing.empty() ? "'" : ", '") + std::string(key) + "'";
    };
    want(event.description_at, "description");
    want(event.owner_at, "owner");
    want(event.purpose_at, "purpose");
    if (missing.empty()) continue;
    checked.report.add(Rule::missing_metadata, event.at, quoted(event.name) + " lacks " + missing);
  }
}

void no_notice(const Checked& checked) {
  const Product& product = checked.catalog.product;
  if (product.at == 0 || product.notice_at != 0 || product.consent != ConsentMode::opt_out) return;
  checked.report.add(Rule::no_notice, product.at,
                     "telemetry is on by default, so the product needs a 'notice' that says so");
}

void no_sink(const Checked& checked) {
  if (checked.catalog.sinks_at != 0) return;
  checked.report.add(Rule::no_sink, checked.catalog.at,
                     "without 'sinks' events are kept on the machine and never sent");
}

void generated_name(const Checked& checked) {
  std::unordered_map<std::string, std::string_view> classes = {
      {pascal_case(checked.catalog.name), checked.catalog.name}};
  for (const Event& event : checked.catalog.events) {
    const auto [known, fresh] = classes.try_emplace(pascal_case(event.name), event.name);
    if (fresh) continue;
    checked.report.add(Rule::generated_name, event.at,
                       quoted(event.name) + " and " + quoted(known->second) + " are both " +
                           known->first + " in generated types, so a number is added to one");
  }
  every_field(checked.catalog, [&](const Field& field) {
    if (!is_python_keyword(field.name)) return;
    checked.report.add(
        Rule::generated_name, field.at,
        quoted(field.name) + " is a reserved word of Python, where it can't be a keyword argument");
  });
}

}  // namespace candor::catalog
