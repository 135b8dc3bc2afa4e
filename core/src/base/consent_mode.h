#pragma once

#include <cstdint>

namespace candor {

// Who must act: opt_out is on until the user says no, opt_in off until the
// user says yes, off is off.
enum class ConsentMode : std::uint8_t { opt_out, opt_in, off };

}  // namespace candor
