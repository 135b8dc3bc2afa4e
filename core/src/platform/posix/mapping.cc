#include "platform/mapping.h"

#include <sys/mman.h>

#include <cerrno>

namespace candor {
namespace {

void* map(int fd, std::uint64_t bytes, int flags) noexcept {
  return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
}

}  // namespace

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

int Mapping::of_file(int fd, std::uint64_t bytes, Mapping& mapping) noexcept {
  void* const at = map(fd, bytes, MAP_SHARED);
  if (at == MAP_FAILED) return errno;
  mapping = Mapping(static_cast<std::byte*>(at), bytes);
  return 0;
}

Expected<Mapping> Mapping::of_memory(std::uint64_t bytes) noexcept {
  void* const at = map(-1, bytes, MAP_PRIVATE | MAP_ANONYMOUS);
  if (at == MAP_FAILED) return Error{"cannot map memory", errno};
  return Mapping(static_cast<std::byte*>(at), bytes);
}

}  // namespace candor
