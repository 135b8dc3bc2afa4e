// Memory that is mapped: a file's bytes, or memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.h"

namespace candor {

class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  // The first `bytes` of an open file: a store is a change of the file, and survives the process.
  // The space must have been allocated, or a store on a full disk raises a signal.
  // Returns 0 or the number of an error.
  [[nodiscard]] static int of_file(int fd, std::uint64_t bytes, Mapping& mapping) noexcept;
  // Zeros, of this process alone.
  [[nodiscard]] static Expected<Mapping> of_memory(std::uint64_t bytes) noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  // Makes the pages of this range present, so that a store does not meet a page fault. A hint:
  // failure costs time only.
  void populate(std::uint64_t from, std::uint64_t to) const noexcept;

 private:
  Mapping(std::byte* data, std::uint64_t bytes) noexcept : data_(data), bytes_(bytes) {}

  std::byte* data_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace candor
