// Whether anything may be recorded, and the rule that decided it. Any "off"
// wins; the rules are asked in the order of `Rule`, and the first that speaks decides.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/consent_mode.h"
#include "base/environment.h"
#include "base/result.h"
#include "consent/places.h"
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
  foreign_home,       // the home, or what is in it, is another user's
  file_unreadable,    // the identity file exists but can't be understood
  file_disabled,      // "enabled": false
  not_opted_in,       // mode opt_in and nobody said yes
  home_unwritable,    // the home or the spool can't be written
  ci_send,            // a continuous integration system, and the catalog sends there
  file_enabled,       // "enabled": true
  default_on,         // mode opt_out and nobody said no
};
[[nodiscard]] std::string_view name(Rule) noexcept;
// Whether the rule speaks for every process, so that what waits in the spool is deleted.
// An environment variable speaks for one process, and a file that can't be understood may
// just be half written: then what waits is kept, unsent.
[[nodiscard]] bool is_withdrawal(Rule) noexcept;

// Everything a decision depends on.
struct Terms {
  std::string product;     // for sentences: "Acme"
  std::string env_prefix;  // "ACME"
  ConsentMode mode = ConsentMode::opt_out;
  bool send_in_ci = false;  // a continuous integration system is no reason for off
  std::string policy_file;
  std::string identity_file;  // empty: no HOME
  std::uint32_t notice_version = 0;
  std::string spool_dir;  // where events are kept; empty: whether it can be written is not asked
};

struct Decision {
  bool enabled = false;
  Rule rule = Rule::default_on;
  std::string explanation;  // one sentence
  std::string problem;      // what is wrong with the home, or with the file; empty: nothing
  identity::Identity identity;
  // Whether events may leave the machine already: enabled, and the notice was shown or is for
  // nobody (ci_send).
  bool may_send = false;
};

inline constexpr std::size_t kPolicyBytesMax = 64 * 1024;

// Whether the library was built with CANDOR_TELEMETRY=OFF. A function, so that only the file
// that defines it is compiled with the switch.
[[nodiscard]] bool built_off() noexcept;

// What doesn't change while a process runs.
struct Signals {
  bool build_switch_off = built_off();
  bool disabled = false;      // PREFIX_TELEMETRY_DISABLED
  bool do_not_track = false;  // DO_NOT_TRACK
  std::string ci_variable;    // the variable that shows a CI system; empty: none
  std::string home;           // HOME, written as ~ in sentences; may be empty
};
[[nodiscard]] Signals signals(const Terms& terms, const Environment& env);

// Reads the policy file and the identity file; writes nothing. Of a home that is another user's
// nothing is read.
// Policy file: {"enabled": false} for all products, or {"products": {"Acme": {"enabled": false}}},
// the product's name in any case. It can't switch on what another rule switches off;
// other keys are ignored.
[[nodiscard]] Decision decide(const Terms& terms, const Signals& signals);
[[nodiscard]] Decision decide(const Terms& terms, const Environment& env);

[[nodiscard]] Places places_of(const Terms& terms, const Signals& signals);
// Why the home is another user's, so that nothing there may be read, written or deleted by this
// process; empty when it is this user's.
[[nodiscard]] std::string foreign_home(const Terms& terms, const Signals& signals);
// Writes the user's choice to the identity file, unless the home is another user's.
[[nodiscard]] Done choose(const Terms& terms, const Signals& signals, bool enabled,
                          std::int64_t unix_ms);

// Turns a decision that was to collect into home_unwritable.
void find_unwritable(Decision& decision, const std::string& problem);

// The decision, kept fresh while a process runs. Any thread, also in a forked child. What
// happens to the files under a running process counts as it would for a new one:
// replaced or made unreadable is decided anew; deleted is back to the catalog's mode,
// because nobody says no any more. The environment is read once, here: a getenv later, on
// a thread of ours, would race with the host's setenv.
class Gate {
 public:
  Gate(Terms terms, const Environment& env);
  // Cheap: looks at the files at most once per kFreshMs of steady time, and then
  // by a stat each; reads them only when they changed.
  [[nodiscard]] bool enabled(std::int64_t steady_ms) noexcept;
  // What enabled() would answer without a look at the files; nothing when it is time for one.
  [[nodiscard]] std::optional<bool> known(std::int64_t steady_ms) const noexcept;
  // The files were changed by us: the next enabled() looks at them.
  void forget() noexcept;
  // The decision that was made when the gate was.
  [[nodiscard]] const Decision& first() const noexcept { return first_; }
  // Looks at the files now.
  [[nodiscard]] Decision decision() const { return decide(terms_, signals_); }
  [[nodiscard]] bool home_is_foreign() const { return !foreign_home(terms_, signals_).empty(); }
  [[nodiscard]] Done choose(bool enabled, std::int64_t unix_ms) const {
    return consent::choose(terms_, signals_, enabled, unix_ms);
  }
  static constexpr std::int64_t kFreshMs = 1000;

 private:
  struct Print;
  [[nodiscard]] std::uint64_t look(Decision& decision) const;

  const Terms terms_;
  const Signals signals_;
  const Places places_;
  const std::string mark_file_;
  Decision first_;
  std::atomic<std::int64_t> checked_ms_{0};
  // What stat said of the files, hashed, with bit 0 replaced by the decision made then.
  // One word, so that two threads can't pair the one's files with the other's decision.
  std::atomic<std::uint64_t> seen_{0};
};

}  // namespace candor::consent
