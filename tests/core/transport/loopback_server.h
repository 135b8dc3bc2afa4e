// A server on 127.0.0.1 whose every move a test decides: it is handed the raw connection.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace candor::test {

// One accepted connection. All calls end early when the other side, or the server, goes.
class Connection {
 public:
  Connection(int fd, const std::atomic<bool>& closing) : fd_(fd), closing_(closing) {}

  // A whole request: head and body. Empty when the client has gone.
  std::string read_request() {
    std::string request;
    std::size_t wanted = std::string::npos;
    while (request.size() < wanted) {
      char bytes[65536];
      if (!is_readable()) return {};
      const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return {};
      request.append(bytes, static_cast<std::size_t>(n));
      const std::size_t end = request.find("\r\n\r\n");
      if (wanted == std::string::npos && end != std::string::npos) {
        const std::size_t length = request.find("Content-Length: ");
        wanted = end + 4;
        if (length < end) wanted += std::strtoull(request.c_str() + length + 16, nullptr, 10);
      }
    }
    return request;
  }
  // One read of at most so many bytes.
  void read_some(std::size_t most) {
    std::string bytes(most, 0);
    if (is_readable()) static_cast<void>(recv(fd_, bytes.data(), bytes.size(), 0));
  }
  // What has arrived and was not read.
  [[nodiscard]] std::int64_t readable_bytes() const {
    int bytes = 0;
    return ioctl(fd_, FIONREAD, &bytes) == 0 ? bytes : 0;
  }
  // Reads until the client hangs up; how much that was.
  std::int64_t read_to_end() {
    std::int64_t read = 0;
    char bytes[65536];
    while (is_readable()) {
      const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) break;
      read += n;
    }
    return read;
  }
  // Reads until the client ends the connection; whether it closed it, rather than broke it off.
  bool is_closed_in_order() {
    char bytes[65536];
    while (is_readable()) {
      const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return n == 0;
    }
    return false;
  }
  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool answer(std::string_view status, std::string_view headers = "", std::string_view body = "") {
    return write("HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
                 "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  // Until the client hangs up.
  void wait_for_close() {
    char byte;
    while (is_readable() && recv(fd_, &byte, 1, 0) > 0) {}
  }
  // Reads nothing, until the server ends.
  void ignore() {
    while (!closing_.load()) poll(nullptr, 0, 5);
  }
  // True when the client did not hang up within `ms`.
  bool pause(int ms) { return !wait_readable(ms) && !closing_.load(); }

 private:
  bool wait_readable(int ms) {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, ms) > 0;
  }
  bool is_readable() {
    while (!closing_.load()) {
      if (wait_readable(10)) return true;
    }
    return false;
  }

  int fd_;
  const std::atomic<bool>& closing_;
};

class LoopbackServer {
 public:
  // `serve` runs on a thread for each connection, which is closed when it returns.
  explicit LoopbackServer(std::function<void(Connection&)> serve) : serve_(std::move(serve)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    closing_.store(true);
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& each : threads_) each.join();
    close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] {
        Connection connection(fd, closing_);
        serve_(connection);
        close(fd);
      });
    }
  }

  std::function<void(Connection&)> serve_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> closing_ = false;
  std::atomic<int> connections_ = 0;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace candor::test
