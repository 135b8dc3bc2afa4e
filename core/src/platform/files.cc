#include "platform/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/random.h"

namespace candor {
namespace {

Error failure(std::string_view what, const std::string& path, int code) {
  std::string text(what);
  if (!path.empty()) text.append(" ").append(path);
  return Error{text.append(": ").append(std::strerror(code)), code};
}

template <typename Call>
int retried(Call call) {
  int code = 0;
  do { code = call(); } while (code == EINTR);
  return code;
}

std::string temporary_beside(const std::string& path) {
  const UuidText id = uuid4();
  return path + "." + std::string(id.data(), 8) + ".tmp";
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

Done write_new(const Files& files, const std::string& path, std::string_view text) {
  const auto file = files.open(path, Access::create_new);
  if (!file) return file.error();
  if (auto done = file->write_at(std::as_bytes(std::span(text)), 0); !done) {
    return failure("cannot write", path, done.error().code);
  }
  if (auto done = file->sync(); !done) return failure("cannot sync", path, done.error().code);
  return {};
}

Expected<std::string> read_all(const Expected<File>& file, const std::string& path,
                               std::size_t bytes_max) {
  if (!file) return file.error();
  const auto info = file->info();
  if (!info) return failure("cannot read", path, info.error().code);
  if (info->kind == FileInfo::Kind::directory) return failure("cannot read", path, EISDIR);
  if (info->kind != FileInfo::Kind::regular) {
    return Error{"cannot read " + path + ": not a regular file", EINVAL};
  }
  if (info->bytes > bytes_max) {
    return Error{path + " is larger than " + std::to_string(bytes_max) + " bytes", EFBIG};
  }
  // One byte more than expected shows a file that grows meanwhile.
  std::string text(static_cast<std::size_t>(info->bytes) + 1, '\0');
  const auto got = file->read_at(std::as_writable_bytes(std::span(text)), 0);
  if (!got) return failure("cannot read", path, got.error().code);
  text.resize(*got);
  return text;
}

}  // namespace

File::~File() {
  if (!valid()) return;
  if (locked_) unlock_file(fd_);
  close_file(fd_);
}

Expected<FileInfo> File::info() const {
  FileInfo info;
  const int code = retried([&] { return calls_->info(fd_, info); });
  if (code != 0) return failure("cannot look at a file", "", code);
  return info;
}

Expected<std::size_t> File::read_at(std::span<std::byte> to, std::uint64_t at) const {
  std::size_t got = 0;
  while (got < to.size()) {
    std::size_t bytes = 0;
    const int code = retried([&] { return calls_->read(fd_, to.subspan(got), at + got, bytes); });
    if (code != 0) return failure("cannot read", "", code);
    if (bytes == 0) break;
    got += bytes;
  }
  return got;
}

Done File::write_at(std::span<const std::byte> from, std::uint64_t at) const {
  std::size_t put = 0;
  while (put < from.size()) {
    std::size_t bytes = 0;
    const int code =
        retried([&] { return calls_->write(fd_, from.subspan(put), at + put, bytes); });
    if (code != 0 || bytes == 0) return failure("cannot write", "", code != 0 ? code : EIO);
    put += bytes;
  }
  return {};
}

Done File::allocate(std::uint64_t bytes) const {
  const int code = retried([&] { return calls_->allocate(fd_, bytes); });
  if (code != 0) return failure("cannot allocate disk space", "", code);
  return {};
}

bool File::allocation_lasts() const noexcept { return calls_->allocation_lasts(fd_); }

Done File::resize(std::uint64_t bytes) const {
  const int code = retried([&] { return calls_->resize(fd_, bytes); });
  if (code != 0) return failure("cannot set a file's size", "", code);
  return {};
}

Expected<Mapping> File::map(std::uint64_t bytes) const {
  Mapping mapping;
  const int code = retried([&] { return calls_->map(fd_, bytes, mapping); });
  if (code != 0) return failure("cannot map a file", "", code);
  return mapping;
}

Done File::sync() const {
  const int code = retried([&] { return calls_->sync(fd_); });
  if (code != 0) return failure("cannot sync", "", code);
  return {};
}

bool File::set_modified(std::int64_t unix_ms) const noexcept {
  return retried([&] { return calls_->set_modified(fd_, unix_ms); }) == 0;
}

bool File::try_lock() noexcept {
  if (!locked_) locked_ = retried([&] { return calls_->lock(fd_); }) == 0;
  return locked_;
}

Expected<File> Files::open(const std::string& path, Access access) const {
  int fd = -1;
  const int code = retried([&] { return calls_->open(path, access, fd); });
  if (code != 0) return failure("cannot open", path, code);
  return File(fd, *calls_);
}

Expected<File> Files::open_own(const std::string& path, Access access) const {
  auto file = open(path, access);
  if (!file) return file;
  const auto info = file->info();
  if (!info) return failure("cannot open", path, info.error().code);
  if (info->kind == FileInfo::Kind::directory) return failure("cannot open", path, EISDIR);
  if (info->kind != FileInfo::Kind::regular) {
    return Error{"cannot open " + path + ": not a regular file", EINVAL};
  }
  if (!info->ours) return Error{"cannot use " + path + ": it belongs to another user", EPERM};
  return file;
}

File Files::lock(const std::string& path) const noexcept {
  auto file = open_own(path, Access::create);
  if (!file) return {};
  static_cast<void>(file->try_lock());
  return std::move(*file);
}

Expected<std::string> Files::read(const std::string& path, std::size_t bytes_max) const {
  return read_all(open(path, Access::read_through_link), path, bytes_max);
}

Expected<std::string> Files::read_own(const std::string& path, std::size_t bytes_max) const {
  return read_all(open_own(path, Access::read), path, bytes_max);
}

Expected<std::string> Files::write_temporary(const std::string& path, std::string_view text) const {
  std::string temporary = temporary_beside(path);
  if (auto done = write_new(*this, temporary, text); !done) {
    static_cast<void>(remove(temporary));
    return done.error();
  }
  return temporary;
}

Done Files::put_in_place(const std::string& temporary, const std::string& path) const {
  const int code = retried([&] { return calls_->rename(temporary, path, Rename::replace); });
  if (code == 0) return {};
  static_cast<void>(remove(temporary));
  return failure("cannot replace", path, code);
}

Expected<bool> Files::exchange(const std::string& temporary, const std::string& path) const {
  const int code = retried([&] { return calls_->rename(temporary, path, Rename::exchange); });
  if (code == 0) return true;
  if (code == ENOTSUP) return false;
  return failure("cannot replace", path, code);
}

Done Files::sync_directory_of(const std::string& path) const {
  const std::string dir = directory_of(path);
  const auto file = open(dir, Access::directory);
  // May be written and not read: then it can't be synced.
  if (!file) return file.error().code == EACCES ? Done() : Done(file.error());
  const auto done = file->sync();
  if (done || done.error().code == EINVAL || done.error().code == ENOTSUP ||
      done.error().code == EROFS) {
    return {};
  }
  return failure("cannot sync", dir, done.error().code);
}

Done Files::write_atomic(const std::string& path, std::string_view text) const {
  const auto temporary = write_temporary(path, text);
  if (!temporary) return temporary.error();
  if (auto done = put_in_place(*temporary, path); !done) return done;
  return sync_directory_of(path);
}

Done Files::create_atomic(const std::string& path, std::string_view text) const {
  const auto temporary = write_temporary(path, text);
  if (!temporary) return temporary.error();
  const int code = retried([&] { return calls_->rename(*temporary, path, Rename::create_new); });
  if (code != 0) {
    static_cast<void>(remove(*temporary));
    return failure("cannot create", path, code);
  }
  return sync_directory_of(path);
}

Done Files::rename(const std::string& from, const std::string& to) const {
  const int code = retried([&] { return calls_->rename(from, to, Rename::replace); });
  if (code != 0) return failure("cannot rename to", to, code);
  return {};
}

Done Files::remove(const std::string& path) const {
  const int code = retried([&] { return calls_->remove(path); });
  if (code != 0) return failure("cannot remove", path, code);
  return {};
}

Done Files::make_dirs(const std::string& path) const {
  if (const auto there = info(path)) {
    if (there->kind == FileInfo::Kind::directory) return {};
    return failure("cannot use", path, ENOTDIR);
  }
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) {
    if (auto done = make_dirs(path.substr(0, slash)); !done) return done;
  }
  const int code = retried([&] { return calls_->make_directory(path); });
  if (code != 0 && code != EEXIST) return failure("cannot create directory", path, code);
  return {};
}

Expected<std::vector<std::string>> Files::list(const std::string& path) const {
  std::vector<std::string> names;
  const int code = retried([&] {
    names.clear();
    return calls_->list(path, names);
  });
  if (code != 0 && code != ENOENT) return failure("cannot list", path, code);
  std::sort(names.begin(), names.end());
  return names;
}

Expected<FileInfo> Files::info(const std::string& path) const {
  FileInfo info;
  const int code = retried([&] { return calls_->info_of(path, true, info); });
  if (code != 0) return failure("cannot look at", path, code);
  return info;
}

Expected<FileInfo> Files::link_info(const std::string& path) const {
  FileInfo info;
  const int code = retried([&] { return calls_->info_of(path, false, info); });
  if (code != 0) return failure("cannot look at", path, code);
  return info;
}

}  // namespace candor
