#include "platform/posix/page.h"

#include <sys/mman.h>
#include <unistd.h>

namespace candor {
namespace {

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

std::uint64_t* map_page_wiped_on_fork() noexcept {
#ifdef MADV_WIPEONFORK
  void* page =
      ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, page_bytes(), MADV_WIPEONFORK) == 0) return static_cast<std::uint64_t*>(page);
  ::munmap(page, page_bytes());
#endif
  return nullptr;
}

void unmap_page(std::uint64_t* page) noexcept {
  if (page != nullptr) ::munmap(page, page_bytes());
}

}  // namespace candor
