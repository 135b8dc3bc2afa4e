// What the last upload left behind for people.
#pragma once

#include <string>

namespace candor::cli {

struct DeliveryNote {
  bool paused = false;  // only a person can mend it
  std::string problem;  // empty when nothing went wrong
};

[[nodiscard]] DeliveryNote delivery_note(const std::string& spool_dir);

}  // namespace candor::cli
