#include "platform/process.h"

#include <unistd.h>

namespace candor {

std::int64_t process_id() noexcept { return ::getpid(); }

}  // namespace candor
