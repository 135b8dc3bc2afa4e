#include "consent/consent.h"

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

Rule first_rule(const Terms& terms, const Signals& signals, const Policy& policy,
                const identity::Identity& identity) {
  using State = identity::Identity::State;
  if (signals.build_switch_off) return Rule::build_switch;
  if (terms.mode == ConsentMode::off) return Rule::catalog_off;
  if (policy.says == Policy::Says::unreadable) return Rule::policy_unreadable;
  if (policy.says == Policy::Says::no) return Rule::policy_disabled;
  if (signals.disabled) return Rule::env_disabled;
  if (signals.do_not_track) return Rule::do_not_track;
  const bool ci = !signals.ci_variable.empty();
  if (ci && !terms.send_in_ci) return Rule::ci;
  if (terms.identity_file.empty()) return Rule::no_home;
  if (identity.state == State::broken) return Rule::file_unreadable;
  if (identity.enabled == false) return Rule::file_disabled;
  const bool opted_in = identity.enabled == true;
  if (terms.mode == ConsentMode::opt_in && !opted_in) return Rule::not_opted_in;
  if (ci) return Rule::ci_send;
  return opted_in ? Rule::file_enabled : Rule::default_on;
}

std::string with_tilde(const std::string& path, const std::string& home) {
  if (home.empty() || !path.starts_with(home + "/")) return path;
  return "~" + path.substr(home.size());
}

std::string explain(Rule rule, const Terms& terms, const Signals& signals, const Policy& policy,
                    const identity::Identity& identity) {
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
    case Rule::file_unreadable:
      return "Telemetry is off because your choice can't be read: " + identity.problem + ".";
    case Rule::file_disabled: return "Telemetry is off: " + file + " says so (\"enabled\": false).";
    case Rule::not_opted_in:
      return "Telemetry is off: " + terms.product + " collects nothing until you opt in.";
    case Rule::ci_send:
      return "Telemetry is on in continuous integration (" + signals.ci_variable +
             " is set), because " + terms.product +
             " collects there; the install id is a new one for each process.";
    case Rule::file_enabled: return "Telemetry is on: " + file + " says so (\"enabled\": true).";
    case Rule::default_on:
      return "Telemetry is on: " + terms.product + " collects usage data until you opt out.";
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
    case Rule::file_unreadable: return "file_unreadable";
    case Rule::file_disabled: return "file_disabled";
    case Rule::not_opted_in: return "not_opted_in";
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
    case Rule::file_unreadable:
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
  if (!terms.identity_file.empty()) decision.identity = identity::read(terms.identity_file);
  decision.rule = first_rule(terms, signals, policy, decision.identity);
  decision.enabled = decision.rule == Rule::ci_send || decision.rule == Rule::file_enabled ||
                     decision.rule == Rule::default_on;
  decision.explanation = explain(decision.rule, terms, signals, policy, decision.identity);
  decision.may_send =
      decision.enabled && (terms.notice_version == 0 || decision.rule == Rule::ci_send ||
                           decision.identity.notice_version >= terms.notice_version);
  return decision;
}

Decision decide(const Terms& terms, const Environment& env) {
  return decide(terms, signals(terms, env));
}

}  // namespace candor::consent
