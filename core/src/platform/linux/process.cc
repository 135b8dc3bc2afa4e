#include "platform/process.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace candor {

bool inherits_orphans() noexcept {
  int subreaper = 0;
  return ::getpid() == 1 || (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
}

bool has_borrowed_rights() noexcept { return ::getauxval(AT_SECURE) != 0; }

}  // namespace candor
