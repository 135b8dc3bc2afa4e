// The operating system's file calls, of which a test makes some fail.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <optional>

#include "platform/files.h"

namespace candor::test {

class FailingCalls final : public FileCalls {
 public:
  // Call number `n` from now on, beginning with 0, fails once with `code` and does nothing.
  void fail_at(std::size_t n, int code) {
    code_ = code;
    fail_at_ = calls_ + n;
  }
  // Calls until now; what fails was called too.
  [[nodiscard]] std::size_t calls() const { return calls_; }
  [[nodiscard]] bool failed() const { return calls_ > fail_at_; }

  // Asked before each call of this kind: the error that it fails with, or 0. May be null.
  std::function<int(const std::string& path, Access access)> on_open;
  std::function<int(std::size_t bytes)> on_write;
  int read_code = 0, allocate_code = 0, sync_code = 0, rename_code = 0;
  std::size_t write_bytes_max = SIZE_MAX;  // of one call
  std::optional<bool> allocation_lasts_is;

  int open(const std::string& path, Access access, int& fd) noexcept override {
    if (const int code = next()) return code;
    if (on_open) {
      if (const int code = on_open(path, access)) return code;
    }
    return real_.open(path, access, fd);
  }
  int info(int fd, FileInfo& info) noexcept override {
    if (const int code = next()) return code;
    return real_.info(fd, info);
  }
  int info_of(const std::string& path, bool follow_link, FileInfo& info) noexcept override {
    if (const int code = next()) return code;
    return real_.info_of(path, follow_link, info);
  }
  int read(int fd, std::span<std::byte> to, std::uint64_t at,
           std::size_t& bytes) noexcept override {
    if (const int code = next(read_code)) return code;
    return real_.read(fd, to, at, bytes);
  }
  int write(int fd, std::span<const std::byte> from, std::uint64_t at,
            std::size_t& bytes) noexcept override {
    if (const int code = next()) return code;
    if (on_write) {
      if (const int code = on_write(from.size())) return code;
    }
    return real_.write(fd, from.first(std::min(from.size(), write_bytes_max)), at, bytes);
  }
  int allocate(int fd, std::uint64_t bytes) noexcept override {
    if (const int code = next(allocate_code)) return code;
    return real_.allocate(fd, bytes);
  }
  int resize(int fd, std::uint64_t bytes) noexcept override {
    if (const int code = next()) return code;
    return real_.resize(fd, bytes);
  }
  int map(int fd, std::uint64_t bytes, Mapping& mapping) noexcept override {
    if (const int code = next()) return code;
    return real_.map(fd, bytes, mapping);
  }
  int sync(int fd) noexcept override {
    if (const int code = next(sync_code)) return code;
    return real_.sync(fd);
  }
  int set_modified(int fd, std::int64_t unix_ms) noexcept override {
    if (const int code = next()) return code;
    return real_.set_modified(fd, unix_ms);
  }
  int lock(int fd) noexcept override {
    if (const int code = next()) return code;
    return real_.lock(fd);
  }
  int rename(const std::string& from, const std::string& to, Rename how) noexcept override {
    if (const int code = next(rename_code)) return code;
    return real_.rename(from, to, how);
  }
  int remove(const std::string& path) noexcept override {
    if (const int code = next()) return code;
    return real_.remove(path);
  }
  int make_directory(const std::string& path) noexcept override {
    if (const int code = next()) return code;
    return real_.make_directory(path);
  }
  int list(const std::string& path, std::vector<std::string>& names) override {
    if (const int code = next()) return code;
    return real_.list(path, names);
  }
  bool allocation_lasts(int fd) noexcept override {
    return allocation_lasts_is ? *allocation_lasts_is : real_.allocation_lasts(fd);
  }

 private:
  int next(int otherwise = 0) noexcept { return calls_++ == fail_at_ ? code_ : otherwise; }

  FileCalls& real_ = system_file_calls();
  std::atomic<std::size_t> calls_ = 0;
  std::size_t fail_at_ = SIZE_MAX;
  int code_ = 0;
};

// What a disk, a limit or another user may answer.
inline constexpr int kDiskErrors[] = {ENOSPC, EIO, EINTR, EACCES, EMFILE};

}  // namespace candor::test
