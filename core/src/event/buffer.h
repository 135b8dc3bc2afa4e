// Bytes being written: inline room for a usual event, the heap beyond it, and an
// upper limit, past which nothing more is kept.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "candor/outcome.h"

namespace candor::event {

class Buffer {
 public:
  // An event of kEventBytesMax and what the spool keeps in front of it.
  static constexpr std::size_t kBytesMax = kEventBytesMax + 4096;

  Buffer() noexcept {}  // leaves the inline room as it is: zeroing it would cost more than an event
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // True once bytes were refused, until `clear`.
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  void clear() noexcept {
    size_ = 0;
    overflowed_ = false;
  }
  // Forgets what was written after the first `size` bytes.
  void truncate(std::size_t size) noexcept { size_ = size; }

  void append(std::string_view bytes) noexcept {
    if (char* to = reserve(bytes.size()); to != nullptr && !bytes.empty()) {
      std::memcpy(to, bytes.data(), bytes.size());
      size_ += bytes.size();
    }
  }
  void push(char c) noexcept {
    if (char* to = reserve(1)) {
      *to = c;
      ++size_;
    }
  }
  // Room for `n` bytes at the end, to be filled and then `advance`d over; null on overflow.
  [[nodiscard]] char* reserve(std::size_t n) noexcept {
    return n <= capacity_ - size_ || grow(n) ? data_ + size_ : nullptr;
  }
  void advance(std::size_t n) noexcept { size_ += n; }

 private:
  bool grow(std::size_t n) noexcept;

  static constexpr std::size_t kInline = 4096;
  char* data_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = kInline;
  bool overflowed_ = false;
  std::unique_ptr<char[]> heap_;
  char inline_[kInline];
};

}  // namespace candor::event
