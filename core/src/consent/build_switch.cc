// The only file that is compiled with the build switch.
#include "consent/consent.h"

namespace candor::consent {

bool built_off() noexcept {
#ifdef CANDOR_TELEMETRY_OFF
  return true;
#else
  return false;
#endif
}

}  // namespace candor::consent
