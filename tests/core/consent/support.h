// A product, its user's home and an environment, for the tests of consent.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "consent/consent.h"
#include "identity/support.h"

namespace candor::testing {

struct Scene {
  TempHome home;
  std::map<std::string, std::string, std::less<>> variables;
  consent::Terms terms{.product = "Acme",
                       .env_prefix = "ACME",
                       .mode = ConsentMode::opt_out,
                       .policy_file = home.dir() + "/policy.json",
                       .identity_file = home.file(),
                       .notice_version = 0};

  [[nodiscard]] Environment env() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      if (at == variables.end()) return std::nullopt;
      return at->second;
    };
  }
  [[nodiscard]] consent::Decision decide() const { return consent::decide(terms, env()); }
};

}  // namespace candor::testing
