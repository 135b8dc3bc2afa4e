#include "platform/standard_error.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "platform/file.h"
#include "platform/guest.h"

namespace candor {
namespace {

// A pipe that is writable takes so much at once (POSIX's PIPE_BUF is at least 512; Linux's is a
// page).
constexpr std::size_t kAtOnceBytes = 4096;

enum class Kind : unsigned char { none, file, stream, socket };

// Standard streams are inherited, so one that a program would not pass on is a file of the host's,
// which took the number of a closed one. Unless all three are so: Node marks them when it starts.
bool is_standard_error() noexcept {
  const auto stays_here = [](int fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    return flags >= 0 && (flags & FD_CLOEXEC) != 0;
  };
  if (::fcntl(STDERR_FILENO, F_GETFD) < 0) return false;
  return !stays_here(STDERR_FILENO) || (stays_here(STDIN_FILENO) && stays_here(STDOUT_FILENO));
}

bool is_local_socket(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         address.ss_family == AF_UNIX;
}

Kind kind_of(int fd, const struct stat& info, Wanted wanted) noexcept {
  if (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode)) return Kind::stream;
  if (S_ISSOCK(info.st_mode)) return is_local_socket(fd) ? Kind::socket : Kind::none;
  if (!S_ISREG(info.st_mode)) return Kind::none;
  if (wanted == Wanted::yes) return Kind::file;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) != O_WRONLY) return Kind::none;
  const bool at_end = (flags & O_APPEND) != 0 || ::lseek(fd, 0, SEEK_CUR) == info.st_size;
  return at_end ? Kind::file : Kind::none;
}

bool is_ready(int fd) noexcept {
  pollfd asked{fd, POLLOUT, 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0 &&
         (asked.revents & (POLLERR | POLLHUP)) == 0;
}

// The same pipe or terminal with a file status of its own, so that a write to it never waits and
// the host's own descriptor stays as it is. Not to be had without /proc, or of another user's.
Fd reopened(int fd) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return Fd(::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool write_all(int fd, std::string_view text, bool socket, Wanted wanted) noexcept {
  while (!text.empty()) {
    const ssize_t n =
        socket ? ::send(fd, text.data(), text.size(), wanted == Wanted::no ? MSG_DONTWAIT : 0)
               : ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

bool write_to_standard_error(std::string_view text, Wanted wanted) noexcept {
  const SignalShield pipe_shield(SignalShield::Against::closed_pipe);
  const SignalShield size_shield(SignalShield::Against::file_size);
  if (!is_standard_error()) return false;
  // What is looked at is what is written to, even if the host reuses the number meanwhile.
  const Fd fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return false;
  const Kind kind = kind_of(fd.get(), info, wanted);
  if (kind == Kind::none) return false;
  if (kind != Kind::stream || wanted == Wanted::yes) {
    return write_all(fd.get(), text, kind == Kind::socket, wanted);
  }
  if (!is_ready(fd.get())) return false;
  const Fd own = reopened(fd.get());
  if (own.valid()) return write_all(own.get(), text, false, wanted);
  return text.size() <= kAtOnceBytes && write_all(fd.get(), text, false, wanted);
}

bool standard_error_is_terminal() noexcept { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace candor
