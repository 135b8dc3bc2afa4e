#include <sys/prctl.h>
#include <unistd.h>

#include "platform/process.h"

namespace candor {

bool inherits_orphans() noexcept {
  int subreaper = 0;
  return ::getpid() == 1 || (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
}

}  // namespace candor
