#include "platform/process.h"

#include <unistd.h>

namespace candor {

bool inherits_orphans() noexcept { return ::getpid() == 1; }

bool has_borrowed_rights() noexcept { return ::issetugid() != 0; }

}  // namespace candor
