#include <unistd.h>

#include "platform/process.h"

namespace candor {

bool inherits_orphans() noexcept { return ::getpid() == 1; }

}  // namespace candor
