// A page of memory that the kernel fills with zeros in the child of a fork.
#pragma once

#include <cstdint>

namespace candor {

// Null where the kernel has no such page.
[[nodiscard]] std::uint64_t* map_page_wiped_on_fork() noexcept;
void unmap_page(std::uint64_t* page) noexcept;

}  // namespace candor
