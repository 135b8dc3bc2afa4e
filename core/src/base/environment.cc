#include "base/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

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

std::optional<utsname> system_name() noexcept {
  utsname name{};
  if (::uname(&name) < 0) return std::nullopt;
  return name;
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

Environment process_environment() {
  Variables variables;
  for (char** at = ::environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment_of(std::move(variables));
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

std::string os_platform() {
#if defined(_WIN32)
  return "win32";
#elif defined(__APPLE__)
  return "darwin";
#elif defined(__ANDROID__)
  return "android";
#elif defined(__linux__)
  return "linux";
#elif defined(__FreeBSD__)
  return "freebsd";
#elif defined(__OpenBSD__)
  return "openbsd";
#elif defined(__NetBSD__)
  return "netbsd";
#elif defined(__sun)
  return "sunos";
#elif defined(_AIX)
  return "aix";
#else
  return "unknown";
#endif
}

std::string os_release() {
  const auto name = system_name();
  return name ? std::string(name->release) : std::string();
}

// The process's architecture, not the machine's, so that an emulated or a 32-bit
// process says the same whichever language runtime asks.
std::string cpu_arch() {
#if defined(__x86_64__) || defined(_M_X64)
  return "x64";
#elif defined(__aarch64__) || defined(_M_ARM64)
  return "arm64";
#elif defined(__i386__) || defined(_M_IX86)
  return "ia32";
#elif defined(__arm__) || defined(_M_ARM)
  return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64";
#elif defined(__powerpc__)
  return "ppc";
#elif defined(__s390x__)
  return "s390x";
#elif defined(__loongarch64)
  return "loong64";
#elif defined(__mips__) && defined(__MIPSEL__)
  return "mipsel";
#elif defined(__mips__)
  return "mips";
#else
  const auto name = system_name();
  return name ? std::string(name->machine) : std::string("unknown");
#endif
}

std::string ci_name(const Environment& env) { return std::string(first_set(kCiMarkers, env).name); }

std::string ci_variable(const Environment& env) {
  return std::string(first_set(kCiMarkers, env).variable);
}

std::string agent_name(const Environment& env) {
  return std::string(first_set(kAgentMarkers, env).name);
}

}  // namespace candor
