// status, enable and disable: what the user of a product decides, and sees.
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "candor/ledger.h"
#include "commands.h"
#include "consent/consent.h"
#include "delivery_note.h"
#include "identity/identity.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "product.h"
#include "spool/home.h"
#include "spool/spool.h"
#include "terminal.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Counts& counts) {
  Json dropped = Json::object();
  for (const OutcomeRow& row : kOutcomes) {
    const std::uint64_t n = counts.by_number[row.number];
    if (row.kind != OutcomeKind::state && n != 0) dropped[std::string(row.name)] = n;
  }
  return {{"captured", counts.captured()},
          {"delivered", counts.delivered()},
          {"pending", counts.pending()},
          {"dropped", std::move(dropped)}};
}

Json to_json(const Ledger& ledger) {
  Json events = Json::object();
  for (const auto& [event, counts] : ledger.events) events[event] = to_json(counts);
  return {{"events", std::move(events)},
          {"total", to_json(ledger.total)},
          {"spool", {{"bytes", ledger.spool.bytes}, {"segments", ledger.spool.segments}}}};
}

// The rejected events by their codes, or else all that were lost: "0", or
// "3: 2 spool_full, 1 too_old".
std::string summary(const Counts& counts, bool rejected) {
  std::uint64_t sum = 0;
  std::string names;
  for (const OutcomeRow& row : kOutcomes) {
    const std::uint64_t n = counts.by_number[row.number];
    if (n == 0 || row.kind == OutcomeKind::state || (row.kind == OutcomeKind::code) != rejected) {
      continue;
    }
    sum += n;
    names += (names.empty() ? ": " : ", ") + std::to_string(n) + ' ' + std::string(row.name);
  }
  return std::to_string(sum) + names;
}

std::string debug_variable(const Product& product) {
  return client::variable(product.catalog, "TELEMETRY_DEBUG");
}

Json describe(const Product& product, const Ledger& ledger) {
  const auto decision = consent::decide(product.terms, product.environment);
  const auto& identity = decision.identity;
  const auto delivery = delivery_note(product.places.spool_dir);
  return {
      {"product", product.terms.product},
      {"enabled", decision.enabled},
      {"rule", consent::name(decision.rule)},
      {"explanation", decision.explanation},
      {"install_id", identity.install_id},
      {"identity_file", product.places.identity_file},
      {"policy_file", product.terms.policy_file},
      {"spool_dir", product.places.spool_dir},
      {"endpoint", product.places.endpoint_shown},
      {"endpoint_insecure", product.places.endpoint_insecure},
      {"debug", is_signal(product.environment(debug_variable(product)))},
      {"notice_shown", identity.notice_version >= product.terms.notice_version},
      {"problem", decision.problem.empty() ? product.places.endpoint_problem : decision.problem},
      {"delivery", {{"paused", delivery.paused}, {"problem", delivery.problem}}},
      {"ledger", to_json(ledger)}};
}

std::string to_text(const Json& status, const Counts& total, const Product& product) {
  const Colours colour = colours(Stream::out);
  std::string text = colour.bold;
  text += status["enabled"].get<bool>() ? colour.green : colour.yellow;
  text += status["explanation"].get<std::string>() + colour.off + '\n';
  const auto row = [&](std::string label, std::string_view value) {
    label.resize(12, ' ');
    text += "  " + (colour.dim + label) + colour.off;
    text += value.empty() ? "none" : value;
    text += '\n';
  };
  const auto member = [&status](const char* key) { return status[key].get<std::string>(); };
  if (status["debug"].get<bool>()) {
    row("debug", "events are printed on standard error and not kept: " + debug_variable(product) +
                     " is set");
  }
  row("rule", member("rule"));
  row("install id", member("install_id"));
  row("identity", member("identity_file"));
  row("spool", member("spool_dir"));
  row("endpoint", member("endpoint") + (status["endpoint_insecure"].get<bool>()
                                            ? " (insecure: plain http, readable on its way)"
                                            : ""));
  row("notice", status["notice_shown"].get<bool>() ? "shown" : "not shown yet");
  const std::uint64_t waiting = total.pending();
  row("waiting", counted(waiting, "event"));
  row("delivered", std::to_string(total.delivered()));
  row("rejected", summary(total, true));
  row("dropped", summary(total, false));
  // The note of the last upload; it concerns nobody when there is nothing to send.
  const std::string trouble = status["delivery"]["problem"].get<std::string>();
  if (!trouble.empty() && waiting > 0 && status["enabled"].get<bool>()) {
    row("delivery",
        (status["delivery"]["paused"].get<bool>() ? "paused: " : "failing: ") + trouble);
  }
  if (!member("problem").empty()) row("problem", member("problem"));
  return text;
}

// Says whether the choice was written and what holds now: a rule above the file may still decide.
int report(const Product& product, const Done& written, bool enabled) {
  const std::string& file = product.places.identity_file;
  if (!written) return fail(written.error());
  const auto decision = consent::decide(product.terms, product.environment);
  out("Wrote \"enabled\": " + std::string(enabled ? "true" : "false") + " to " + file + ".\n");
  out((decision.enabled == enabled ? "" : "But: ") + decision.explanation + '\n');
  return kDone;
}

}  // namespace

int status(const StatusArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  const Ledger ledger = client::ledger(spool::tally(product->places.spool_dir));
  const Json status = describe(*product, ledger);
  out(args.json ? status.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'
                : to_text(status, ledger.total, *product));
  return kDone;
}

int enable(const ProductArgs& args) {
  const auto product = find_product(args);
  if (!product) return fail(product.error());
  const auto signals = consent::signals(product->terms, product->environment);
  // What an emit left that did not know of the user's no is not what a yes is about.
  if (consent::decide(product->terms, signals).identity.enabled == false) {
    spool::purge_home(product->places.home);
  }
  return report(*product, consent::choose(product->terms, signals, true, unix_ms()), true);
}

int disable(const ProductArgs& args) {
  const auto product = find_product(args);
  if (!product) return fail(product.error());
  const auto signals = consent::signals(product->terms, product->environment);
  Done written = consent::choose(product->terms, signals, false, unix_ms());
  // A choice that could not be written is still no reason to keep what waits.
  if (product->places.home.empty() || !consent::foreign_home(product->terms, signals).empty()) {
    return report(*product, written, false);
  }
  spool::Purge purged;
  const spool::Halt halt = spool::withdraw_home(product->places.home, client::kHaltWaitMs, purged);
  // On a full disk the purge may have made the room that the choice needs.
  if (!written) written = consent::choose(product->terms, signals, false, unix_ms());
  const int chosen = report(*product, written, false);
  if (purged.records > 0) {
    out("Deleted " + counted(purged.records, "event") + " that had not been sent.\n");
  }
  if (halt != spool::Halt::idle) out(std::string(client::sentence(halt)) + '\n');
  if (purged.problem.empty()) return chosen;
  return fail({"not everything that waits could be deleted: " + purged.problem});
}

}  // namespace candor::cli
