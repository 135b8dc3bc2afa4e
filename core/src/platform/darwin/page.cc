#include "platform/posix/page.h"

namespace candor {

std::uint64_t* map_page_wiped_on_fork() noexcept { return nullptr; }

void unmap_page(std::uint64_t*) noexcept {}

}  // namespace candor
