// Hands events to a client and says what became of each, for a person or as JSON.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "candor/client.h"
#include "catalog/catalog.h"
#include "commands.h"

namespace candor::cli {

// One event as it was handed to the command.
struct Request {
  std::string_view event;
  std::span<const Field> fields;
  EmitOptions options;
};

class Emitter {
 public:
  // `args` must outlive this.
  Emitter(const EmitArgs& args, Options options);
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  // `line` is where the event stood in the input, from 1; 0 when it came from the arguments.
  void emit(const Request& request, std::size_t line);
  // An event that the client need not see to be rejected.
  void reject(std::string_view event, Code code, std::string_view field, std::size_t line);
  // A line that is no event.
  void refuse(std::string_view why, std::size_t line);
  // Closes the client, sums up, and answers what the process exits with.
  [[nodiscard]] int finish();

 private:
  void answer(const Outcome& outcome, std::string_view event, std::size_t line,
              std::string_view bytes, std::string_view advice);
  [[nodiscard]] std::string advise(const Request& request, const Outcome& outcome,
                                   std::size_t line);
  void explain_disabled();

  const EmitArgs& args_;
  std::unique_ptr<Client> client_;
  std::size_t events_ = 0, rejected_ = 0, dropped_ = 0;
  std::optional<catalog::Catalog> catalog_;  // of `advise`
  bool catalog_asked_ = false;
  std::string told_;  // the client's last line of log
  bool explained_ = false;
  bool broken_ = false;  // the client could not be opened as asked
};

}  // namespace candor::cli
