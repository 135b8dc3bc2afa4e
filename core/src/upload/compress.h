// Request bodies, compressed. Keeps the compressor's memory between bodies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace candor::upload {

enum class Coding : std::uint8_t { none, gzip, zstd };

// As in Content-Encoding; empty for none.
[[nodiscard]] std::string_view name(Coding) noexcept;
// By that name; none when unknown.
[[nodiscard]] Coding coding_of(std::string_view name) noexcept;

class Compressor {
 public:
  explicit Compressor(Coding coding);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // `body`, coded; a view that lives until the next call. Nothing when the
  // library failed (no memory): send the body as it is.
  [[nodiscard]] std::optional<std::string_view> compress(std::string_view body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::upload
