// What the host's log hears: one line for each event and code, so that a mistake in a loop does not
// flood it, and one for each other trouble. Names, never values.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "candor/options.h"
#include "candor/outcome.h"
#include "catalog/catalog.h"

namespace candor::client {

// "candor: plan_completed rejected: wrong_type (durationMs)", without what a terminal would obey.
// `trouble` says what a disk_error was.
[[nodiscard]] std::string describe(std::string_view event, const Outcome& outcome,
                                   std::string_view trouble);

// Any thread, once it is set up. What the host throws is dropped.
class Log {
 public:
  // `to` may be empty: nobody listens.
  void listen(std::function<void(std::string_view line)> to) { to_ = std::move(to); }
  // How many labels there are to tell of; those of the spool.
  void expect(std::size_t labels) { told_ = std::vector<std::atomic<std::uint32_t>>(labels); }

  void say(std::string_view line) const noexcept;
  // What emit answers, unless this event has been told of with this code before.
  void tell(std::uint32_t label, std::string_view event, const Outcome& outcome,
            const std::function<std::string()>& trouble);
  // Sources that the catalog does not have, which may be misspelt, and those that it needs.
  void tell_of_sources(const Options& options, const catalog::Catalog& catalog) const;
  void tell_of_missing_uploader() noexcept;

 private:
  std::function<void(std::string_view line)> to_;
  std::vector<std::atomic<std::uint32_t>> told_;  // per label, a bit for each code
  std::atomic<bool> told_of_uploader_{false};
};

}  // namespace candor::client
