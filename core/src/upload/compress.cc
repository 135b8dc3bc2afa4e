#include "upload/compress.h"

#include <zlib.h>
#include <zstd.h>

namespace candor::upload {
namespace {

// The fastest levels: a body of events repeats itself so much that higher ones
// save a few per cent of its bytes for several times the work.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;
constexpr int kGzipWindowBits = 15 + 16;  // 16: the gzip format instead of zlib's
constexpr int kGzipMemoryLevel = 8;

}  // namespace

std::string_view name(Coding coding) noexcept {
  switch (coding) {
    case Coding::none: return "";
    case Coding::gzip: return "gzip";
    case Coding::zstd: return "zstd";
  }
  return "";
}

Coding coding_of(std::string_view name) noexcept {
  if (name == "gzip") return Coding::gzip;
  if (name == "zstd") return Coding::zstd;
  return Coding::none;
}

struct Compressor::Impl {
  explicit Impl(Coding c) : coding(c) {
    if (coding == Coding::gzip) {
      ready = deflateInit2(&gzip, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                           Z_DEFAULT_STRATEGY) == Z_OK;
    } else if (coding == Coding::zstd) {
      zstd = ZSTD_createCCtx();
      ready = zstd != nullptr;
    }
  }
  ~Impl() {
    if (coding == Coding::gzip && ready) deflateEnd(&gzip);
    ZSTD_freeCCtx(zstd);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool run_gzip(std::string_view body) {
    // zlib counts in 32 bits; bodies are far below.
    if (body.size() > UINT32_MAX || deflateReset(&gzip) != Z_OK) return false;
    out.resize(deflateBound(&gzip, static_cast<uLong>(body.size())));
    gzip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    gzip.avail_in = static_cast<uInt>(body.size());
    gzip.next_out = reinterpret_cast<Bytef*>(out.data());
    gzip.avail_out = static_cast<uInt>(out.size());
    if (deflate(&gzip, Z_FINISH) != Z_STREAM_END) return false;
    size = gzip.total_out;
    return true;
  }

  bool run_zstd(std::string_view body) {
    out.resize(ZSTD_compressBound(body.size()));
    size = ZSTD_compressCCtx(zstd, out.data(), out.size(), body.data(), body.size(), kZstdLevel);
    return ZSTD_isError(size) == 0;
  }

  const Coding coding;
  bool ready = false;
  z_stream gzip{};
  ZSTD_CCtx* zstd = nullptr;
  std::string out;  // keeps its capacity from body to body
  std::size_t size = 0;
};

Compressor::Compressor(Coding coding) : impl_(std::make_unique<Impl>(coding)) {}
Compressor::~Compressor() = default;

std::optional<std::string_view> Compressor::compress(std::string_view body) {
  if (!impl_->ready) return {};
  const bool done = impl_->coding == Coding::gzip ? impl_->run_gzip(body) : impl_->run_zstd(body);
  if (!done) return {};
  return std::string_view(impl_->out).substr(0, impl_->size);
}

}  // namespace candor::upload
