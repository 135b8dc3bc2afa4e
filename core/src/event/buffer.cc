#include "event/buffer.h"

#include <algorithm>
#include <new>

namespace candor::event {

bool Buffer::grow(std::size_t n) noexcept {
  if (n > kBytesMax - size_) {
    overflowed_ = true;
    return false;
  }
  const std::size_t capacity = std::min(std::max(size_ + n, 2 * capacity_), kBytesMax);
  std::unique_ptr<char[]> larger(new (std::nothrow) char[capacity]);
  if (!larger) {
    overflowed_ = true;
    return false;
  }
  std::memcpy(larger.get(), data_, size_);
  heap_ = std::move(larger);
  data_ = heap_.get();
  capacity_ = capacity;
  return true;
}

}  // namespace candor::event
