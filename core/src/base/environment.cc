#include "base/environment.h"

#include <memory>
#include <utility>

namespace candor {
namespace {

// A variable whose presence tells who started this process.
struct Marker {
  std::string_view variable;
  std::string_view name;
};

// Vendors first, so that the name is the vendor's; most of them set CI as well.
constexpr Marker kCiMarkers[] = {
    {"GITHUB_ACTIONS", "github-actions"},
    {"GITLAB_CI", "gitlab"},
    {"BUILDKITE", "buildkite"},
    {"CIRCLECI", "circleci"},
    {"JENKINS_URL", "jenkins"},
    {"HUDSON_URL", "hudson"},
    {"TEAMCITY_VERSION", "teamcity"},
    {"TF_BUILD", "azure-pipelines"},
    {"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "azure-pipelines"},
    {"TRAVIS", "travis"},
    {"APPVEYOR", "appveyor"},
    {"BITBUCKET_BUILD_NUMBER", "bitbucket"},
    {"BITBUCKET_COMMIT", "bitbucket"},
    {"CODEBUILD_BUILD_ID", "aws-codebuild"},
    {"CODEBUILD_BUILD_ARN", "aws-codebuild"},
    {"BUILDER_OUTPUT", "google-cloud-build"},
    {"DRONE", "drone"},
    {"SEMAPHORE", "semaphore"},
    {"WOODPECKER", "woodpecker"},
    {"CI_WOODPECKER", "woodpecker"},
    {"GITEA_ACTIONS", "gitea-actions"},
    {"FORGEJO_ACTIONS", "forgejo-actions"},
    {"CIRRUS_CI", "cirrus"},
    {"GO_PIPELINE_LABEL", "gocd"},
    {"bamboo_planKey", "bamboo"},
    {"BITRISE_IO", "bitrise"},
    {"BUDDY_WORKSPACE_ID", "buddy"},
    {"CF_BUILD_ID", "codefresh"},
    {"CF_PAGES", "cloudflare-pages"},
    {"WORKERS_CI", "cloudflare-workers"},
    {"CM_BUILD_ID", "codemagic"},
    {"APPCENTER_BUILD_ID", "appcenter"},
    {"APPCIRCLE_BUILD_ID", "appcircle"},
    {"CI_XCODE_PROJECT", "xcode-cloud"},
    {"EAS_BUILD", "expo"},
    {"HARNESS_BUILD_ID", "harness"},
    {"HEROKU_TEST_RUN_ID", "heroku"},
    {"NETLIFY", "netlify"},
    {"NOW_BUILDER", "vercel"},
    {"VERCEL", "vercel"},
    {"RENDER", "render"},
    {"PROW_JOB_ID", "prow"},
    {"TASKCLUSTER_ROOT_URL", "taskcluster"},
    {"SCREWDRIVER", "screwdriver"},
    {"AGOLA_GIT_REF", "agola"},
    {"VELA", "vela"},
    {"STRIDER", "strider"},
    {"SAILCI", "sail"},
    {"EARTHLY_CI", "earthly"},
    {"NEVERCODE", "nevercode"},
    {"TDDIUM", "solano"},
    {"CI", "other"},
    {"CONTINUOUS_INTEGRATION", "other"},
};

constexpr Marker kAgentMarkers[] = {
    {"CLAUDECODE", "claude-code"},
    {"CLAUDE_CODE", "claude-code"},
    {"CODEX_SANDBOX", "codex"},
    {"CODEX_SANDBOX_NETWORK_DISABLED", "codex"},
    {"CODEX_THREAD_ID", "codex"},
    {"CODEX_CI", "codex"},
    {"GEMINI_CLI", "gemini-cli"},
    {"QWEN_CODE", "qwen-code"},
    {"OPENCODE", "opencode"},
    {"CRUSH", "crush"},
    {"AUGMENT_AGENT", "augment"},
    {"CLINE_ACTIVE", "cline"},
    {"GOOSE_TERMINAL", "goose"},
    {"AIDER", "aider"},
    {"COPILOT_CLI", "copilot"},
    {"ANTIGRAVITY_AGENT", "antigravity"},
    {"CURSOR_AGENT", "cursor"},
    // An editor or a hosted machine in which a person types as well: asked last.
    {"CURSOR_TRACE_ID", "cursor"},
    {"REPL_ID", "replit"},
};

template <std::size_t N>
Marker first_set(const Marker (&markers)[N], const Environment& env) {
  for (const Marker& marker : markers) {
    if (is_signal(env(marker.variable))) return marker;
  }
  return {};
}

bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace

Environment environment_of(Variables variables) {
  auto kept = std::make_shared<const Variables>(std::move(variables));
  return [kept](std::string_view name) -> std::optional<std::string> {
    const auto found = kept->find(name);
    if (found == kept->end()) return std::nullopt;
    return found->second;
  };
}

bool is_signal(const std::optional<std::string>& value) noexcept {
  if (!value) return false;
  for (const std::string_view no : {"", "0", "false", "no", "off"}) {
    if (equals_lower(*value, no)) return false;
  }
  return true;
}

std::optional<std::string> expand_home(std::string_view path, const Environment& env) {
  if (!path.starts_with('~')) return std::string(path);
  if (path.size() > 1 && path[1] != '/') return std::nullopt;
  std::optional<std::string> home = env("HOME");
  if (!home || !home->starts_with('/')) return std::nullopt;
  while (home->ends_with('/')) home->pop_back();
  home->append(path.substr(1));
  if (home->empty()) home->push_back('/');
  return home;
}

std::string ci_name(const Environment& env) { return std::string(first_set(kCiMarkers, env).name); }

std::string ci_variable(const Environment& env) {
  return std::string(first_set(kCiMarkers, env).variable);
}

std::string agent_name(const Environment& env) {
  return std::string(first_set(kAgentMarkers, env).name);
}

}  // namespace candor
