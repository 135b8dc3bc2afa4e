#include "transport/close_on_exec.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

namespace candor::transport {

#ifdef __linux__
namespace {

struct Pipe {
  int fd = -1;
  int to_read = 0;  // bytes that wait here
  int unread = 0;   // of what was written here
};

// The connected local sockets of this process that a program it starts would inherit.
std::vector<Pipe> inherited_pipes() {
  std::vector<Pipe> pipes;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    Pipe pipe{.fd = std::atoi(entry.path().filename().c_str())};
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(pipe.fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX ||
        (::fcntl(pipe.fd, F_GETFD) & FD_CLOEXEC) != 0 ||
        ::ioctl(pipe.fd, FIONREAD, &pipe.to_read) != 0 ||
        ::ioctl(pipe.fd, TIOCOUTQ, &pipe.unread) != 0) {
      continue;
    }
    pipes.push_back(pipe);
  }
  return pipes;
}

}  // namespace

void close_wakeup_on_exec(void* multi) noexcept try {
  // libcurl does not name its sockets, but a wake shows them: a byte arrives in one of two that
  // were empty, and the other is where it was written.
  const std::vector<Pipe> before = inherited_pipes();
  if (curl_multi_wakeup(multi) != CURLM_OK) return;
  for (const Pipe& pipe : inherited_pipes()) {
    const bool was_empty = std::any_of(before.begin(), before.end(), [&](const Pipe& one) {
      return one.fd == pipe.fd && one.to_read == 0 && one.unread == 0;
    });
    if (was_empty && (pipe.to_read == 1) != (pipe.unread > 0)) {
      static_cast<void>(::fcntl(pipe.fd, F_SETFD, FD_CLOEXEC));
    }
  }
  curl_multi_poll(multi, nullptr, 0, 0, nullptr);  // takes the byte
} catch (const std::exception&) {
  // No memory, or no /proc: the sockets stay as they are.
}

#else

void close_wakeup_on_exec(void*) noexcept {}

#endif

}  // namespace candor::transport
