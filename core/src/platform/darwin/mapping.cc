#include "platform/mapping.h"

namespace candor {

void Mapping::populate(std::uint64_t, std::uint64_t) const noexcept {}

}  // namespace candor
