#include "platform/mapping.h"

#include <sys/mman.h>

namespace candor {

void Mapping::populate(std::uint64_t from, std::uint64_t to) const noexcept {
#ifdef MADV_POPULATE_WRITE
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t start = from / kPage * kPage;
  ::madvise(data_ + start, to - start, MADV_POPULATE_WRITE);
#else
  static_cast<void>(from);
  static_cast<void>(to);
#endif
}

}  // namespace candor
