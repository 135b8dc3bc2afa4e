// A server on loopback that takes whatever is posted to it and says yes: what candor and its
// peers are measured against. It counts the events of what it took, on a thread of its own
// that doesn't hold up an answer.
//
//   candor_bench_server MARKER [MS]   prints its port, serves until standard input ends, and
//                                     counts how often MARKER stands in the bodies (plain or
//                                     gzip); answers after MS milliseconds, as one far away
//   GET /counts                       {"requests":N,"events":N,"bytes":N} so far
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kBodyBytesMax = 64u << 20;
constexpr std::size_t kReadBytes = 1u << 20;

// Occurrences of `marker` in bodies that arrive one after the other.
class Counter {
 public:
  explicit Counter(std::string marker) : marker_(std::move(marker)), thread_([this] { run(); }) {}
  ~Counter() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void take(std::string body) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    bytes_ += body.size();
    waiting_.push_back(std::move(body));
    changed_.notify_all();
  }

  // Waits until all that was taken is counted.
  std::string json() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
    return "{\"requests\":" + std::to_string(requests_) + ",\"events\":" + std::to_string(events_) +
           ",\"bytes\":" + std::to_string(bytes_) + "}";
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const std::string body = std::move(waiting_.front());
      waiting_.pop_front();
      busy_ = true;
      lock.unlock();
      const std::uint64_t found = count(body);
      lock.lock();
      events_ += found;
      busy_ = false;
      changed_.notify_all();
    }
  }

  [[nodiscard]] std::uint64_t count(std::string_view body) const {
    const bool gzip = body.starts_with("\x1f\x8b");
    std::string text;
    if (gzip) {
      z_stream stream{};
      if (inflateInit2(&stream, 15 + 16) != Z_OK) return 0;
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
      stream.avail_in = static_cast<uInt>(body.size());
      for (int result = Z_OK; result == Z_OK && text.size() < kBodyBytesMax;) {
        const std::size_t size = text.size();
        text.resize(size + kReadBytes);
        stream.next_out = reinterpret_cast<Bytef*>(text.data() + size);
        stream.avail_out = static_cast<uInt>(kReadBytes);
        result = inflate(&stream, Z_NO_FLUSH);
        text.resize(text.size() - stream.avail_out);
      }
      inflateEnd(&stream);
    }
    const std::string_view in = gzip ? std::string_view(text) : body;
    std::uint64_t found = 0;
    for (auto at = in.find(marker_); at != std::string_view::npos;
         at = in.find(marker_, at + marker_.size())) {
      ++found;
    }
    return found;
  }

  const std::string marker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::uint64_t requests_ = 0, events_ = 0, bytes_ = 0;
  bool busy_ = false, ended_ = false;
  std::thread thread_;
};

// The body's length, by a header in any case; 0 when there is none.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at >= kName.size() &&
        strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
      return std::strtoull(head.data() + at + kName.size(), nullptr, 10);
    }
  }
  return 0;
}

bool answer(int fd, std::string_view body) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

void serve(int fd, Counter& counter, std::chrono::milliseconds away) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  std::vector<char> bytes(kReadBytes);
  std::string in;
  for (;;) {
    std::size_t end;
    while ((end = in.find("\r\n\r\n")) == std::string::npos) {
      const ssize_t n = recv(fd, bytes.data(), bytes.size(), 0);
      if (n <= 0 || in.size() > kHeadBytesMax) return;
      in.append(bytes.data(), static_cast<std::size_t>(n));
    }
    const std::string head = in.substr(0, end + 2);
    in.erase(0, end + 4);
    const std::size_t length = content_length(head);
    if (length > kBodyBytesMax) return;
    while (in.size() < length) {
      const ssize_t n = recv(fd, bytes.data(), bytes.size(), 0);
      if (n <= 0) return;
      in.append(bytes.data(), static_cast<std::size_t>(n));
    }
    if (head.starts_with("GET /counts")) {
      if (!answer(fd, counter.json())) return;
      continue;
    }
    std::string body = in.substr(0, length);
    in.erase(0, length);
    std::this_thread::sleep_for(away);
    if (!answer(fd, R"({"status":1})")) return;
    if (!body.empty()) counter.take(std::move(body));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return 2;
  const std::chrono::milliseconds away(argc > 2 ? std::atoi(argv[2]) : 0);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 128) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("candor_bench_server");
    return 1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  // Lives as long as the process, because connections may still be served when it ends.
  auto* const counter = new Counter(argv[1]);
  std::thread([listener, counter, away] {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      std::thread([fd, counter, away] {
        serve(fd, *counter, away);
        close(fd);
      }).detach();
    }
  }).detach();
  for (char ignored; read(STDIN_FILENO, &ignored, 1) > 0;) {}
  _exit(0);
}
