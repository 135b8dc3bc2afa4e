#include "delivery_note.h"

#include <nlohmann/json.hpp>

#include "platform/file.h"
#include "terminal.h"
#include "upload/state.h"

namespace candor::cli {

DeliveryNote delivery_note(const std::string& spool_dir) {
  DeliveryNote note;
  const auto text = file::read_own(spool_dir + "/" + upload::kStateFile, upload::kStateBytesMax);
  if (!text) return note;
  const auto state = nlohmann::json::parse(*text, nullptr, false);
  if (!state.is_object()) return note;
  const auto paused = state.find("paused");
  const auto problem = state.find("problem");
  if (paused != state.end() && paused->is_boolean()) note.paused = paused->get<bool>();
  if (problem != state.end() && problem->is_string()) {
    note.problem = printable(problem->get<std::string>());
  }
  return note;
}

}  // namespace candor::cli
