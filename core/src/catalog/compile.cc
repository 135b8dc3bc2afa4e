#include "catalog/compile.h"

#include <algorithm>

#include "base/pattern.h"
#include "catalog/compile_field.h"
#include "catalog/members.h"

namespace candor::catalog {
namespace {

inline constexpr std::size_t kPathBytesMax = 256;
inline constexpr std::size_t kKeyBytesMax = 128;
inline constexpr std::int64_t kNoticeVersionMax = 1'000'000;
inline constexpr std::int64_t kRetentionDaysMax = 3650;

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_env_prefix(std::string_view text) noexcept {
  return is_upper(text.front()) && text.back() != '_' &&
         std::ranges::all_of(text, [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
}

bool is_catalog_name(std::string_view text) noexcept {
  return is_lower(text.front()) && std::ranges::all_of(text, [](char c) {
           return is_lower(c) || is_digit(c) || c == '_' || c == '-';
         });
}

// SCHEME://HOST[:PORT] and nothing behind it.
bool is_endpoint(std::string_view url) noexcept {
  const bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://")) return false;
  std::string_view host = url.substr(tls ? 8 : 7);
  if (const std::size_t colon = host.rfind(':');
      colon != std::string_view::npos && !host.ends_with(']')) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) return false;
    host = host.substr(0, colon);
  }
  if (!tls) return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
  if (host.starts_with('[') && host.ends_with(']')) {
    return host.size() > 2 &&
           host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '.' || c == '-';
  });
}

class Compiler {
 public:
  Compiler(const Document& document, Report& report) : document_(document), report_(report) {}

  Catalog catalog() {
    Catalog out;
    const Node& root = document_.root();
    if (root.kind != Kind::object) {
      report_.add(Rule::wrong_type, root.offset, "a catalog is an object, { ... }");
      return out;
    }
    const Members members = read(root, "a catalog", kCatalogKeys);
    (void)members.text("$schema");
    if (const std::string_view candor = members.text("candor", kNameBytesMax);
        !candor.empty() && !parse_version(candor)) {
      report_.add(Rule::bad_value, members.at("candor"),
                  "'candor' is the first version that may read this file, such as \"0.2\"");
    }
    out.name = members.text("catalog", kNameBytesMax);
    if (!out.name.empty() && !is_catalog_name(out.name)) {
      report_.add(Rule::name_shape, members.find("catalog")->offset,
                  "a catalog's name is made of a-z, 0-9, '-' and '_', and begins with a letter");
    }
    if (const Node* n = members.object("product")) product(*n, out.product);
    out.at = root.offset;
    out.sinks_at = members.at("sinks");
    if (const Node* n = members.array("sinks")) sinks(*n, out.sinks);
    if (const Node* n = members.object("envelope"))
      compile_envelope(document_, *n, report_, out.envelope);
    if (const Node* n = members.object("events")) events(*n, out.events);
    return out;
  }

 private:
  Members read(const Node& node, std::string_view what, std::span<const Key> keys) {
    Members members(document_, node, what, report_);
    members.check_keys(keys);
    return members;
  }

  void product(const Node& node, Product& out) {
    const Members members = read(node, "the product", kProductKeys);
    out.at = node.key_offset;
    out.notice_at = members.at("notice");
    out.name = members.text("name", kNameBytesMax);
    out.home = members.text("home", kPathBytesMax);
    if (!out.home.empty() && out.home != "~" && !out.home.starts_with("~/") &&
        !out.home.starts_with('/')) {
      report_.add(Rule::bad_value, members.find("home")->offset, "'home' begins with '~/' or '/'");
    }
    out.env_prefix = members.text("env_prefix", kNameBytesMax);
    if (!out.env_prefix.empty() && !is_env_prefix(out.env_prefix)) {
      report_.add(Rule::name_shape, members.find("env_prefix")->offset,
                  "'env_prefix' is upper-case, such as 'ACME' for ACME_TELEMETRY_DISABLED");
    }
    if (const Node* n = members.object("consent")) {
      const Members consent = read(*n, "consent", kConsentKeys);
      if (const auto mode = consent.word("mode", kConsentModes))
        out.consent = static_cast<ConsentMode>(*mode);
      if (const auto ci = consent.word("ci", kCiModes)) out.send_in_ci = kCiModes[*ci] == "send";
    }
    if (const Node* n = members.object("notice")) {
      const Members notice = read(*n, "the notice", kNoticeKeys);
      if (const auto version = notice.integer("version", 1, kNoticeVersionMax)) {
        out.notice_version = static_cast<std::uint32_t>(*version);
      }
      out.notice_text = notice.text("text");
      out.notice_hold_first_run = notice.flag("hold_first_run");
    }
  }

  void sinks(const Node& list, std::vector<Sink>& out) {
    std::size_t count = 0;
    for (const Node* n = document_.first(list); n; n = document_.next(*n)) {
      if (++count > kSinksMax) {
        report_.add(Rule::limit, n->offset,
                    "a second sink would receive nothing: events go to one; leave one of them out");
        return;
      }
      if (n->kind == Kind::object)
        sink(*n, out.emplace_back());
      else
        report_.add(Rule::wrong_type, n->offset, "a sink is an object, { ... }");
    }
  }

  void sink(const Node& node, Sink& out) {
    const Members members = read(node, "a sink", kSinkKeys);
    if (const auto type = members.word("type", kSinkTypes)) out.type = kSinkTypes[*type];
    if (const auto protocol = members.word("protocol", kProtocols))
      out.protocol = kProtocols[*protocol];
    out.host = members.text("host", kPathBytesMax);
    if (!out.host.empty() && !is_endpoint(out.host)) {
      report_.add(
          Rule::bad_value, members.find("host")->offset,
          "'host' is https://HOST or https://HOST:PORT without a path (http only to this machine)");
    }
    out.project_key = members.text("project_key", kKeyBytesMax);
    if (!std::ranges::all_of(out.project_key, [](char c) { return c > ' ' && c <= '~'; })) {
      report_.add(Rule::bad_value, members.find("project_key")->offset,
                  "'project_key' is printable ASCII without spaces");
    }
    out.geoip = members.flag("geoip");
    out.person_profiles = members.flag("person_profiles");
    out.server = members.flag("server");
    out.at = node.offset;
  }

  void events(const Node& object, std::vector<Event>& out) {
    if (object.count > kEventsMax) {
      report_.add(Rule::limit, object.offset,
                  "more than " + std::to_string(kEventsMax) + " events");
    }
    out.reserve(std::min<std::size_t>(object.count, kEventsMax));
    for (const Node* n = document_.first(object); n && out.size() < kEventsMax;
         n = document_.next(*n)) {
      check_name(*n, true, report_);
      if (n->kind == Kind::object)
        event(*n, out.emplace_back());
      else
        report_.add(Rule::wrong_type, n->offset, label(*n) + " must be an object, { ... }");
    }
  }

  void event(const Node& node, Event& out) {
    const Members members = read(node, "an event", kEventKeys);
    out.name = node.key;
    out.at = node.key_offset;
    out.description_at = members.at("description");
    out.owner_at = members.at("owner");
    out.purpose_at = members.at("purpose");
    out.expires_at = members.at("expires");
    out.description = members.text("description");
    out.owner = members.text("owner", kPathBytesMax);
    out.purpose = members.text("purpose", kNameBytesMax);
    out.since = members.text("since", kNameBytesMax);
    out.expires = members.text("expires", kNameBytesMax);
    if (!out.expires.empty() && !matches(Pattern::date, out.expires)) {
      report_.add(Rule::bad_value, members.find("expires")->offset,
                  "'expires' is a date, YYYY-MM-DD");
    }
    if (const auto days = members.integer("retention_days", 1, kRetentionDaysMax)) {
      out.retention_days = static_cast<std::uint32_t>(*days);
    }
    if (const Node* n = members.array("runtimes")) runtimes(*n, out.runtimes);
    if (const Node* n = members.object("fields"))
      compile_fields(document_, *n, report_, out.fields);
  }

  void runtimes(const Node& list, std::vector<std::string>& out) {
    if (list.count == 0) {
      report_.add(Rule::bad_value, list.offset,
                  "name a runtime, or leave 'runtimes' out for all of them");
    }
    for (const Node* n = document_.first(list); n; n = document_.next(*n)) {
      if (n->kind != Kind::string) {
        report_.add(Rule::wrong_type, n->offset, "a runtime is text");
      } else if (std::ranges::find(kRuntimes, n->text) == std::end(kRuntimes)) {
        report_.add(Rule::unknown_runtime, n->offset,
                    "there is no runtime " + quoted(n->text) +
                        report_.did_you_mean(n->text, kRuntimes) + " (cpp, node, python)");
      } else if (std::ranges::find(out, n->text) != out.end()) {
        report_.add(Rule::bad_value, n->offset, quoted(n->text) + " is listed twice");
      } else {
        out.emplace_back(n->text);
      }
    }
  }

  const Document& document_;
  Report& report_;
};

}  // namespace

Catalog compile(const Document& document, Report& report) {
  return Compiler(document, report).catalog();
}

}  // namespace candor::catalog
