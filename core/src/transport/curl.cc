// HTTP by libcurl: one kept connection, one request at a time, cancellable within
// milliseconds whatever the server does.
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/environment.h"
#include "base/url.h"
#include "candor/version.h"
#include "platform/clock.h"
#include "platform/guest.h"
#include "platform/system.h"
#include "transport/close_on_exec.h"
#include "transport/transport.h"

namespace candor::transport {
namespace {

constexpr std::size_t kRetryAfterBytesMax = 64;
// Longest sleep between two looks at the clock; a cancel wakes the sleeper anyway.
constexpr int kPollMsMax = 1000;

struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

struct Target {
  bool allowed = false;
  bool http = false;
  bool loopback = false;
  std::string host;
};

// curl's own parser decides what the host is, so that the check and the request agree.
Target examine(const std::string& text, bool plain_http) {
  Target target;
  if (!is_web_address(text)) return target;  // curl would take one slash, and three
  std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return target;
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  target.host = url_part(url.get(), CURLUPART_HOST);
  target.http = scheme == "http";
  target.loopback = is_loopback(target.host);
  target.allowed = scheme == "https" || (target.http && (target.loopback || plain_http));
  return target;
}

bool is_header_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Where certificates are trusted from, when curl's built-in place doesn't exist
// here because it was built on another distribution.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, Red Hat
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Red Hat 7 and later
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine, macOS, BSD
};

struct Trust {
  std::string file, dir;  // empty: curl's default
};

Trust find_trust(const Environment& env) {
  Trust trust{env("SSL_CERT_FILE").value_or(""), env("SSL_CERT_DIR").value_or("")};
  if (!trust.file.empty() || !trust.dir.empty()) return trust;
#if LIBCURL_VERSION_NUM >= 0x074600
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  if (info->age >= CURLVERSION_SEVENTH) {
    if (info->cainfo != nullptr && access(info->cainfo, R_OK) == 0) return trust;
    if (info->capath != nullptr && access(info->capath, R_OK) == 0) return trust;
  }
#endif
  for (const char* bundle : kBundles) {
    if (access(bundle, R_OK) == 0) {
      trust.file = bundle;
      break;
    }
  }
  return trust;
}

// The proxy for a scheme, by the variables and in the order that curl reads.
struct Proxy {
  std::string address;     // empty: none
  std::string exceptions;  // hosts reached without it
};

Proxy find_proxy(const Environment& env, bool http) {
  const auto first_of = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (const auto value = env(name); value && !value->empty()) return *value;
    }
    return std::string();
  };
  // HTTP_PROXY is not read: a web server's program has it from a header of whoever asks.
  return {http ? first_of({"http_proxy", "all_proxy", "ALL_PROXY"})
               : first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
          first_of({"no_proxy", "NO_PROXY"})};
}

Failure failure_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_OK: return Failure::none;
    case CURLE_OPERATION_TIMEDOUT: return Failure::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return Failure::tls;
    default: return Failure::network;
  }
}

// What one exchange collects through curl's callbacks.
struct Exchange {
  Response response;
  bool body_full = false;
  bool is_success = false;  // by the last status line
  bool arrived = false;     // a status of success with all of its headers
};

// Not noexcept on purpose: an exception would cross C code, so each catches its own.
std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  const std::size_t n = size * count;
  const std::size_t room = kBodyBytesMax - exchange.response.body.size();
  try {
    exchange.response.body.append(data, std::min(n, room));
  } catch (const std::bad_alloc&) { return 0; }
  // A longer body has nothing more to tell: stop reading, and use what is there.
  if (n <= room) return n;
  exchange.body_full = true;
  return 0;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  std::string_view line(data, size * count);
  // A status line starts another answer (after 100 Continue).
  if (line.starts_with("HTTP/")) {
    exchange.response.retry_after.clear();
    const std::size_t blank = line.find(' ');
    exchange.is_success = blank != line.npos && line.substr(blank + 1).starts_with('2');
    exchange.arrived = false;
  } else if (line == "\r\n" || line == "\n") {
    exchange.arrived = exchange.is_success;
  }
  constexpr std::string_view kName = "retry-after:";
  if (line.size() <= kName.size() || strncasecmp(line.data(), kName.data(), kName.size()) != 0) {
    return line.size();
  }
  std::string_view value = line.substr(kName.size());
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ') value.remove_suffix(1);
  try {
    exchange.response.retry_after = value.substr(0, kRetryAfterBytesMax);
  } catch (const std::bad_alloc&) { return 0; }
  return line.size();
}

class CurlTransport final : public Transport {
 public:
  // The first curl_easy_init of a process runs curl_global_init. From curl 7.84 on that is
  // safe in any thread; we make no global call of our own, which belong to the host.
  // The environment is read here, on the thread that makes us: a getenv during a
  // request would race with the host's setenv.
  explicit CurlTransport(const Environment& env)
      : easy_(curl_easy_init()),
        multi_(curl_multi_init()),
        trust_(find_trust(env)),
        proxy_(find_proxy(env, false)),
        http_proxy_(find_proxy(env, true)) {
    if (multi_) close_wakeup_on_exec(multi_.get());
  }

  ~CurlTransport() override {
    // The easy handle's connections live in the multi handle.
    easy_.reset();
    multi_.reset();
  }

  Response send(const Request& request) override;

  void cancel() noexcept override {
    cancelled_.store(true);
    if (multi_) curl_multi_wakeup(multi_.get());
  }

 private:
  void prepare(const Request& request, const Target& target, curl_slist* headers, Exchange* to);
  // Drives the exchange to its end; CURLE_ABORTED_BY_CALLBACK when cancelled or cut.
  CURLcode perform(const Request& request, std::int64_t deadline_ms);

  // Sockets that a program which the host starts does not inherit, and whose close discards what
  // they have not sent, also when it is the end of a killed process.
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t socket);

  // Whether a close now would break off a request: a part of it was written, and no answer came.
  [[nodiscard]] bool breaks_off() const noexcept;

  bool cut_ = false;        // ended because may_go_on said no
  bool under_way_ = false;  // curl has the request
  bool given_up_ = false;   // we end it, not curl
  curl_off_t body_bytes_ = 0;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  const Trust trust_;
  const Proxy proxy_, http_proxy_;
  std::atomic<bool> cancelled_ = false;
};

Response failed(Failure failure, std::string error) {
  Response response;
  response.failure = failure;
  response.error = std::move(error);
  return response;
}

void CurlTransport::prepare(const Request& request, const Target& target, curl_slist* headers,
                            Exchange* to) {
  CURL* easy = easy_.get();
  curl_easy_reset(easy);  // keeps connections
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, target.http ? "http" : "https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                   static_cast<long>(target.http ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  // A resolver that hangs is left behind instead of waited for.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  // What goes to this machine must not leave it through a proxy. An empty address
  // keeps curl from looking for variables itself.
  const Proxy& proxy = target.http ? http_proxy_ : proxy_;
  const bool direct = (target.http && target.loopback) || proxy.address.empty();
  curl_easy_setopt(easy, CURLOPT_PROXY, direct ? "" : proxy.address.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, proxy.exceptions.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransport::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlTransport::close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!trust_.file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, trust_.file.c_str());
  if (!trust_.dir.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, trust_.dir.c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, (std::string("candor/") + kVersion).c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  // HTTP/2 would keep the connection, and what waits in it, when a request is ended early.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, to);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  // A proxy's 200 says nothing of the server.
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, to);
}

void discard_at_close(curl_socket_t socket, bool discard) noexcept {
  // Without it the kernel goes on sending what it holds after the close.
  const linger option{.l_onoff = discard ? 1 : 0, .l_linger = 0};
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, sizeof option));
}

curl_socket_t CurlTransport::open_socket(void*, curlsocktype, curl_sockaddr* address) {
#ifdef SOCK_CLOEXEC
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  const int fd = ::socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) static_cast<void>(::fcntl(fd, F_SETFD, FD_CLOEXEC));
#endif
  if (fd >= 0) discard_at_close(fd, true);
  return fd;
}

bool CurlTransport::breaks_off() const noexcept {
  if (!under_way_) return false;
  if (given_up_) return true;
  long written = 0;
  long status = 0;
  curl_off_t body = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &written);
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &body);
  const bool answered = status >= 200 && body >= body_bytes_;
  return written > 0 && !answered;
}

int CurlTransport::close_socket(void* self, curl_socket_t socket) {
  if (static_cast<CurlTransport*>(self)->breaks_off()) {
    // A child of the host's may hold a copy of the socket, which our close would leave connected.
    const sockaddr nothing{.sa_family = AF_UNSPEC, .sa_data = {}};
    static_cast<void>(::connect(socket, &nothing, sizeof nothing));
  } else {
    discard_at_close(socket, false);
  }
  return ::close(socket);
}

CURLcode CurlTransport::perform(const Request& request, std::int64_t deadline_ms) {
  if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) return CURLE_FAILED_INIT;
  under_way_ = true;
  given_up_ = false;
  body_bytes_ = static_cast<curl_off_t>(request.body.size());
  CURLcode code = CURLE_OK;
  std::int64_t asked_ms = steady_ms();
  for (;;) {
    int running = 0;
    int left = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      code = CURLE_RECV_ERROR;
      break;
    }
    if (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      code = message->data.result;
      break;
    }
    if (cancelled_.load()) {
      code = CURLE_ABORTED_BY_CALLBACK;
      break;
    }
    const std::int64_t now = steady_ms();
    if (request.may_go_on && now - asked_ms >= kAskEveryMs) {
      asked_ms = now;
      cut_ = !request.may_go_on();
      if (cut_) {
        code = CURLE_ABORTED_BY_CALLBACK;
        break;
      }
    }
    // curl keeps the time itself; this ends the loop should it not.
    if (running == 0 || now > deadline_ms) {
      code = CURLE_OPERATION_TIMEDOUT;
      break;
    }
    const int wait_ms = request.may_go_on ? kAskEveryMs : kPollMsMax;
    curl_multi_poll(multi_.get(), nullptr, 0, wait_ms, nullptr);
  }
  given_up_ = code != CURLE_OK;
  curl_multi_remove_handle(multi_.get(), easy_.get());
  under_way_ = false;
  return code;
}

Response CurlTransport::send(const Request& request) {
  if (cancelled_.load()) return failed(Failure::cancelled, "cancelled");
  if (!easy_ || !multi_) return failed(Failure::network, "libcurl could not be initialised");
  const Target target = examine(request.url, request.plain_http);
  if (!target.allowed) {
    return failed(Failure::forbidden,
                  "the endpoint must be an https:// address (http:// is for this machine only)");
  }

  // Without "Expect:" curl would ask for leave before a large body, and wait a second for it.
  std::unique_ptr<curl_slist, ListDeleter> headers(curl_slist_append(nullptr, "Expect:"));
  for (const auto& [name, value] : request.headers) {
    if (!is_header_text(name) || !is_header_text(value)) {
      return failed(Failure::forbidden, "the header " + name + " has characters HTTP can't carry");
    }
    curl_slist* longer = curl_slist_append(headers.get(), (name + ": " + value).c_str());
    if (longer == nullptr) return failed(Failure::network, "out of memory");
    static_cast<void>(headers.release());
    headers.reset(longer);
  }

  Exchange exchange;
  const SignalShield shield(SignalShield::Against::closed_pipe);
  prepare(request, target, headers.get(), &exchange);
  const CURLcode code = perform(request, steady_ms() + request.timeout_ms + kPollMsMax);

  Response response = std::move(exchange.response);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  long request_bytes = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &request_bytes);
  // No option may keep pointing at what ends with this call.
  curl_easy_reset(easy_.get());
  const bool was_cut = std::exchange(cut_, false);
  // A success stands though its body is cut short or never ends: the batch has arrived.
  if (code == CURLE_OK || exchange.body_full || exchange.arrived) {
    if (status >= 100 && status <= 599) return response;
    return failed(Failure::network, target.host + ": an answer that is not HTTP");
  }
  if (was_cut)
    response = failed(Failure::cut, "cut");
  else if (cancelled_.load())
    response = failed(Failure::cancelled, "cancelled");
  else
    response = failed(failure_of(code), target.host + ": " + curl_easy_strerror(code));
  response.written = request_bytes > 0;
  return response;
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport() {
  return std::make_unique<CurlTransport>(process_environment());
}

}  // namespace candor::transport
