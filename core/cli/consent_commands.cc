// status, enable and disable: what the user of a product decides, and sees.
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "commands.h"
#include "consent/consent.h"
#include "identity/identity.h"
#include "ledger.h"
#include "product.h"
#include "spool/spool.h"
#include "terminal.h"

namespace candor::cli {
namespace {

std::string summary(const std::map<std::string_view, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [what, count] : counts) {
    text += text.empty() ? "" : ", ";
    text += std::to_string(count) + ' ' + std::string(what);
  }
  return text.empty() ? "0" : text;
}

bool notice_shown(const Product& product, const consent::Decision& decision) {
  return product.terms.notice_version == 0 ||
         decision.identity.notice_version >= product.terms.notice_version;
}

std::string to_json(const Product& product, const consent::Decision& decision,
                    const Ledger& ledger) {
  const nlohmann::ordered_json status = {{"product", product.terms.product},
                                         {"enabled", decision.enabled},
                                         {"rule", consent::name(decision.rule)},
                                         {"explanation", decision.explanation},
                                         {"install_id", decision.identity.install_id},
                                         {"identity_file", product.terms.identity_file},
                                         {"policy_file", product.terms.policy_file},
                                         {"spool_dir", product.spool_dir},
                                         {"endpoint", product.endpoint},
                                         {"notice_shown", notice_shown(product, decision)},
                                         {"problem", decision.identity.problem},
                                         {"ledger",
                                          {{"pending", ledger.pending},
                                           {"delivered", ledger.delivered},
                                           {"dropped", ledger.dropped},
                                           {"rejected", ledger.rejected},
                                           {"bytes", ledger.bytes}}}};
  return status.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::string to_text(const Product& product, const consent::Decision& decision,
                    const Ledger& ledger) {
  const Colours colour = colours(Stream::out);
  std::string text = colour.bold;
  text += decision.enabled ? colour.green : colour.yellow;
  text += decision.explanation + colour.off + '\n';
  const auto row = [&](std::string_view what, std::string_view value) {
    std::string label(what);
    label.resize(12, ' ');
    text += "  " + (colour.dim + label) + colour.off;
    text += value.empty() ? "none" : value;
    text += '\n';
  };
  row("rule", consent::name(decision.rule));
  row("install id", decision.identity.install_id);
  row("identity", product.terms.identity_file);
  row("spool", product.spool_dir);
  row("endpoint", product.endpoint);
  row("notice", notice_shown(product, decision) ? "shown" : "not shown yet");
  row("waiting", counted(ledger.pending, "event"));
  row("delivered", std::to_string(ledger.delivered));
  row("dropped", summary(ledger.dropped));
  row("rejected", summary(ledger.rejected));
  if (!decision.identity.problem.empty()) row("problem", decision.identity.problem);
  return text;
}

// Writes the choice and says what holds now: a rule above the file may still decide.
int choose(const Product& product, bool enabled) {
  const std::string& file = product.terms.identity_file;
  if (file.empty()) return fail({"HOME is not set, so there is nowhere to keep the choice"});
  if (const Done written = identity::set_enabled(file, enabled, unix_ms()); !written) {
    return fail(written.error());
  }
  const auto decision = consent::decide(product.terms, product.environment);
  out("Wrote \"enabled\": " + std::string(enabled ? "true" : "false") + " to " + file + ".\n");
  out((decision.enabled == enabled ? "" : "But: ") + decision.explanation + '\n');
  return kDone;
}

}  // namespace

int status(const StatusArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  const auto decision = consent::decide(product->terms, product->environment);
  const Ledger sums = ledger(product->spool_dir);
  out(args.json ? to_json(*product, decision, sums) : to_text(*product, decision, sums));
  return kDone;
}

int enable(const ProductArgs& args) {
  const auto product = find_product(args);
  return product ? choose(*product, true) : fail(product.error());
}

int disable(const ProductArgs& args) {
  const auto product = find_product(args);
  if (!product) return fail(product.error());
  const int chosen = choose(*product, false);
  // A choice that could not be written is still no reason to keep what waits.
  if (product->spool_dir.empty()) return chosen;
  const auto deleted = spool::purge(product->spool_dir);
  if (deleted > 0) out("Deleted " + counted(deleted, "event") + " that had not been sent.\n");
  return chosen;
}

}  // namespace candor::cli
