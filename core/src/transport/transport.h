// One HTTP request at a time. The only implementation that reaches a network
// is in curl.cc; tests inject others.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor::transport {

struct Request {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  std::uint32_t timeout_ms = 10'000;  // for the whole exchange
  bool plain_http = false;            // to any host, not to this machine alone
  // Asked every kAskEveryMs while the request is under way; false cuts it. May be null.
  std::function<bool()> may_go_on;
};

inline constexpr int kAskEveryMs = 50;

enum class Failure : std::uint8_t {
  none,     // `status` holds the server's answer; of a success the body may be cut short
  network,  // could not connect, or the connection broke
  timeout,
  tls,  // the server could not prove who it is
  cancelled,
  cut,        // may_go_on said no; what had not left this machine was discarded
  forbidden,  // the URL is not one we may use: plain http beyond loopback, or malformed
};

struct Response {
  Failure failure = Failure::none;
  int status = 0;
  std::string retry_after;  // the header's text; empty when absent
  std::string body;         // at most kBodyBytesMax; the rest is dropped
  std::string error;        // for people; names host and cause, never the body
  bool written = false;     // a part of the request, at least, was handed to the network
};

inline constexpr std::size_t kBodyBytesMax = 1u << 20;

class Transport {
 public:
  virtual ~Transport() = default;
  // Waits for the answer, at most the request's timeout. One thread at a time.
  [[nodiscard]] virtual Response send(const Request& request) = 0;
  // Makes the send under way, and all later ones, return `cancelled` at once. Any thread.
  virtual void cancel() noexcept = 0;
};

// POST with libcurl. TLS is verified; redirects are not followed; http:// goes to loopback only,
// unless a request says otherwise;
// proxy variables are honoured; no signal handlers.
[[nodiscard]] std::unique_ptr<Transport> make_curl_transport();

}  // namespace candor::transport
