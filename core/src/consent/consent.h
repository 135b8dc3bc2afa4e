// Whether anything may be recorded, and the rule that decided it. Any "off"
// wins; the rules are asked in the order of `Rule`, and the first that speaks decides.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/consent_mode.h"
#include "base/environment.h"
#include "identity/identity.h"

namespace candor::consent {

enum class Rule : std::uint8_t {
  build_switch,       // built with CANDOR_TELEMETRY=OFF
  catalog_off,        // the catalog's consent mode is off
  policy_unreadable,  // the machine's policy file exists but can't be understood
  policy_disabled,    // the machine's policy file says no
  env_disabled,       // PREFIX_TELEMETRY_DISABLED
  do_not_track,       // DO_NOT_TRACK
  ci,                 // a continuous integration system
  no_home,            // nowhere to read the user's choice from
  file_unreadable,    // the identity file exists but can't be understood
  file_disabled,      // "enabled": false
  not_opted_in,       // mode opt_in and nobody said yes
  file_enabled,       // "enabled": true
  default_on,         // mode opt_out and nobody said no
};
[[nodiscard]] std::string_view name(Rule) noexcept;

// Everything a decision depends on.
struct Terms {
  std::string product;        // for sentences: "Acme"
  std::string env_prefix;     // "ACME"
  ConsentMode mode = ConsentMode::opt_out;
  std::string policy_file;
  std::string identity_file;  // empty: no HOME
  std::uint32_t notice_version = 0;
};

struct Decision {
  bool enabled = false;
  Rule rule = Rule::default_on;
  std::string explanation;    // one sentence
  identity::Identity identity;
  // Whether events may leave the machine already: enabled, and the notice was shown.
  bool may_send = false;
};

// Reads the policy file and the identity file; writes nothing.
// Policy file: {"enabled": false} for all products, or {"products": {"Acme": {"enabled": false}}}.
[[nodiscard]] Decision decide(const Terms& terms, const Environment& env);

// The decision, kept fresh while a process runs. Any thread.
class Gate {
 public:
  Gate(Terms terms, Environment env);
  // Cheap: looks at the files at most once per kFreshMs of steady time, and then
  // by a stat each; reads them only when they changed.
  [[nodiscard]] bool enabled(std::int64_t steady_ms) noexcept;
  // Looks at the files now.
  [[nodiscard]] Decision decision() const;
  static constexpr std::int64_t kFreshMs = 1000;

 private:
  struct Stamp {  // what stat says of a file; all zero when there is none
    std::uint64_t device = 0, inode = 0, size = 0, mtime_ns = 0, ctime_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp(const std::string& path) noexcept;
  const Terms terms_;
  const Environment env_;
  std::mutex mutex_;
  std::atomic<std::int64_t> checked_ms_;
  std::atomic<bool> enabled_;
  Stamp identity_, policy_;
};

}  // namespace candor::consent
