#include "consent/consent.h"

#include <cerrno>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "identity/strict_file.h"

namespace candor::consent {
namespace {

struct Policy {
  enum class Says : std::uint8_t { nothing, no, unreadable };
  Says says = Says::nothing;
  std::string problem;
};

bool equals_in_any_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Whether an object of the policy says "enabled": false; nothing when it makes no sense.
std::optional<bool> says_no(const nlohmann::json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto at = object.find("enabled");
  if (at == object.end()) return false;
  if (!at->is_boolean()) return std::nullopt;
  return !at->get<bool>();
}

std::optional<bool> says_no_to(const nlohmann::json& policy, std::string_view product) {
  auto answer = says_no(policy);
  const auto products = policy.find("products");
  if (!answer || products == policy.end()) return answer;
  if (!products->is_object()) return std::nullopt;
  for (const auto& entry : products->items()) {
    if (!equals_in_any_case(entry.key(), product)) continue;
    const auto here = says_no(entry.value());
    if (!here) return std::nullopt;
    answer = *answer || *here;
  }
  return answer;
}

Policy read_policy(const Terms& terms) {
  const std::string& path = terms.policy_file;
  if (path.empty()) return {};
  const auto text = identity::read_if_there(path, kPolicyBytesMax);
  if (!text) return {Policy::Says::unreadable, text.error().text};
  if (!*text) return {};
  const auto json = identity::parse_object<nlohmann::json>(**text);
  if (!json) {
    return {Policy::Says::unreadable, path + " is not one JSON object with each key once"};
  }
  const auto no = says_no_to(*json, terms.product);
  if (!no) {
    return {Policy::Says::unreadable,
            path + " has a value that \"enabled\" or \"products\" can't have"};
  }
  return {*no ? Policy::Says::no : Policy::Says::nothing, {}};
}

std::string disabled_variable(const Terms& terms) {
  return terms.env_prefix + "_TELEMETRY_DISABLED";
}

// What speaks before any file of the home is looked at; nothing when none does.
std::optional<Rule> rule_without_home(const Terms& terms, const Signals& signals,
                                      const Policy& policy) {
  if (signals.build_switch_off) return Rule::build_switch;
  if (terms.mode == ConsentMode::off) return Rule::catalog_off;
  if (policy.says == Policy::Says::unreadable) return Rule::policy_unreadable;
  if (policy.says == Policy::Says::no) return Rule::policy_disabled;
  if (signals.disabled) return Rule::env_disabled;
  if (signals.do_not_track) return Rule::do_not_track;
  if (!signals.ci_variable.empty() && !terms.send_in_ci) return Rule::ci;
  if (terms.identity_file.empty()) return Rule::no_home;
  return std::nullopt;
}

// Whether a client would have to write the identity file: to mint, or to record its notice.
bool needs_home(const Terms& terms, const identity::Identity& identity) {
  return identity.install_id.empty() || identity.notice_version < terms.notice_version;
}

// Reads the home's files into `identity`; `problem` says what is wrong with the home itself.
Rule rule_of_home(const Terms& terms, const Signals& signals, identity::Identity& identity,
                  std::string& problem) {
  using State = identity::Identity::State;
  const Places places = places_of(terms, signals);
  problem = foreign(places);
  if (!problem.empty()) return Rule::foreign_home;
  identity = identity::read(terms.identity_file);
  problem = identity.problem;
  if (identity.state == State::broken) return Rule::file_unreadable;
  if (identity.enabled == false) return Rule::file_disabled;
  const bool ci = !signals.ci_variable.empty();
  if (!identity.enabled && terms.mode == ConsentMode::opt_in) return Rule::not_opted_in;
  problem = unwritable(places, !ci && needs_home(terms, identity));
  if (!problem.empty()) return Rule::home_unwritable;
  if (ci) return Rule::ci_send;
  if (identity.enabled) {
    identity::add_record(identity, terms.identity_file);
    return Rule::file_enabled;
  }
  return Rule::default_on;
}

std::string with_tilde(const std::string& path, const std::string& home) {
  if (home.empty() || !path.starts_with(home + "/")) return path;
  return "~" + path.substr(home.size());
}

std::string unwritable_sentence(const std::string& problem) {
  return "Telemetry is off because its files can't be written: " + problem + ".";
}

std::string explain(Rule rule, const Terms& terms, const Signals& signals, const Policy& policy,
                    const identity::Identity& identity, const std::string& problem) {
  const std::string file = with_tilde(terms.identity_file, signals.home);
  switch (rule) {
    case Rule::build_switch: return "Telemetry is off because this program was built without it.";
    case Rule::catalog_off:
      return "Telemetry is off because " + terms.product + " doesn't collect any.";
    case Rule::policy_unreadable:
      return "Telemetry is off because the machine's policy can't be understood: " +
             policy.problem + ".";
    case Rule::policy_disabled:
      return "Telemetry is off because the machine's policy says so: " + terms.policy_file + ".";
    case Rule::env_disabled:
      return "Telemetry is off because " + disabled_variable(terms) + " is set.";
    case Rule::do_not_track: return "Telemetry is off because DO_NOT_TRACK is set.";
    case Rule::ci:
      return "Telemetry is off because this runs in continuous integration: " +
             signals.ci_variable + " is set.";
    case Rule::no_home:
      return "Telemetry is off because there is no home directory to read your choice from: "
             "HOME is not set to an absolute path.";
    case Rule::foreign_home:
      return "Telemetry is off because this runs as another user than its home's: " + problem + ".";
    case Rule::file_unreadable:
      return "Telemetry is off because your choice can't be read: " + identity.problem + ".";
    case Rule::file_disabled:
      if (identity.marked) return "Telemetry is off: " + file + ".off says so.";
      return "Telemetry is off: " + file + " says so (\"enabled\": false).";
    case Rule::not_opted_in:
      return "Telemetry is off: " + terms.product + " collects nothing until you opt in.";
    case Rule::home_unwritable: return unwritable_sentence(problem);
    case Rule::ci_send:
      return "Telemetry is on in continuous integration (" + signals.ci_variable +
             " is set), because " + terms.product +
             " collects there; the install id is a new one for each process.";
    case Rule::file_enabled:
      if (identity.chosen_by_user || terms.mode == ConsentMode::opt_in) {
        return "Telemetry is on: " + file + " says so (\"enabled\": true).";
      }
      [[fallthrough]];
    case Rule::default_on:
      return "Telemetry is on by default: " + terms.product +
             " collects usage data until you opt out.";
  }
  return {};
}

}  // namespace

std::string_view name(Rule rule) noexcept {
  switch (rule) {
    case Rule::build_switch: return "build_switch";
    case Rule::catalog_off: return "catalog_off";
    case Rule::policy_unreadable: return "policy_unreadable";
    case Rule::policy_disabled: return "policy_disabled";
    case Rule::env_disabled: return "env_disabled";
    case Rule::do_not_track: return "do_not_track";
    case Rule::ci: return "ci";
    case Rule::no_home: return "no_home";
    case Rule::foreign_home: return "foreign_home";
    case Rule::file_unreadable: return "file_unreadable";
    case Rule::file_disabled: return "file_disabled";
    case Rule::not_opted_in: return "not_opted_in";
    case Rule::home_unwritable: return "home_unwritable";
    case Rule::ci_send: return "ci_send";
    case Rule::file_enabled: return "file_enabled";
    case Rule::default_on: return "default_on";
  }
  return {};
}

bool is_withdrawal(Rule rule) noexcept {
  switch (rule) {
    case Rule::build_switch:
    case Rule::catalog_off:
    case Rule::policy_disabled:
    case Rule::file_disabled:
    case Rule::not_opted_in: return true;
    case Rule::policy_unreadable:
    case Rule::env_disabled:
    case Rule::do_not_track:
    case Rule::ci:
    case Rule::no_home:
    case Rule::foreign_home:
    case Rule::file_unreadable:
    case Rule::home_unwritable:
    case Rule::ci_send:
    case Rule::file_enabled:
    case Rule::default_on: return false;
  }
  return false;
}

Signals signals(const Terms& terms, const Environment& env) {
  Signals found;
  found.disabled = !terms.env_prefix.empty() && is_signal(env(disabled_variable(terms)));
  found.do_not_track = is_signal(env("DO_NOT_TRACK"));
  found.ci_variable = ci_variable(env);
  found.home = expand_home("~", env).value_or("");
  return found;
}

Decision decide(const Terms& terms, const Signals& signals) {
  const Policy policy = read_policy(terms);
  Decision decision;
  const auto above = rule_without_home(terms, signals, policy);
  if (!above) {
    decision.rule = rule_of_home(terms, signals, decision.identity, decision.problem);
  } else {
    decision.rule = *above;
    if (!terms.identity_file.empty() && foreign_home(terms, signals).empty()) {
      decision.identity = identity::read(terms.identity_file);
      decision.problem = decision.identity.problem;
    }
  }
  decision.enabled = decision.rule == Rule::ci_send || decision.rule == Rule::file_enabled ||
                     decision.rule == Rule::default_on;
  decision.explanation =
      explain(decision.rule, terms, signals, policy, decision.identity, decision.problem);
  decision.may_send =
      decision.enabled && (terms.notice_version == 0 || decision.rule == Rule::ci_send ||
                           decision.identity.notice_version >= terms.notice_version);
  return decision;
}

void find_unwritable(Decision& decision, const std::string& problem) {
  decision.enabled = decision.may_send = false;
  decision.rule = Rule::home_unwritable;
  decision.problem = problem;
  decision.explanation = unwritable_sentence(problem);
}

Places places_of(const Terms& terms, const Signals& signals) {
  const std::size_t slash = terms.identity_file.find_last_of('/');
  std::string home = slash == std::string::npos ? "." : terms.identity_file.substr(0, slash);
  if (home.empty()) home = "/";
  return {.user_home = signals.home, .home = std::move(home), .spool_dir = terms.spool_dir};
}

std::string foreign_home(const Terms& terms, const Signals& signals) {
  return terms.identity_file.empty() ? std::string() : foreign(places_of(terms, signals));
}

Done choose(const Terms& terms, const Signals& signals, bool enabled, std::int64_t unix_ms) {
  if (terms.identity_file.empty()) {
    return Error{"HOME is not set, so there is nowhere to keep the choice"};
  }
  if (const std::string problem = foreign_home(terms, signals); !problem.empty()) {
    return Error{problem + ", whose choice this is: nothing was changed", EPERM};
  }
  return identity::set_enabled(terms.identity_file, enabled, unix_ms);
}

Decision decide(const Terms& terms, const Environment& env) {
  return decide(terms, signals(terms, env));
}

}  // namespace candor::consent
