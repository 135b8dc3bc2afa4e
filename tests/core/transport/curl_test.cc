// The transport against real sockets, most of them badly behaved. No test waits for a
// time-out longer than a fraction of a second, and none asserts how long anything took.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <string>
#include <thread>

#include "candor/version.h"
#include "transport/loopback_server.h"
#include "transport/transport.h"

namespace candor::transport {
namespace {

using test::Connection;
using test::LoopbackServer;

constexpr std::uint32_t kShort = 200;
constexpr std::uint32_t kLong = 60'000;  // longer than a test may take: must never be waited for

Request to(const LoopbackServer& server, std::uint32_t timeout_ms = kLong) {
  return {.url = server.url() + "/batch/",
          .headers = {{"Content-Type", "application/json"}},
          .body = "{}",
          .timeout_ms = timeout_ms};
}

TEST(Curl, PostsAndReadsTheAnswer) {
  std::promise<std::string> seen;
  LoopbackServer server([&](Connection& connection) {
    seen.set_value(connection.read_request());
    connection.answer("429 Slow Down", "rEtry-aFter: \t 17 \r\n", "no");
  });
  const Response response = make_curl_transport()->send(to(server));
  EXPECT_EQ(response.failure, Failure::none);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.retry_after, "17");
  EXPECT_EQ(response.body, "no");
  const std::string request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /batch/ HTTP/1.1\r\n")) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\n{}")) << request;
  EXPECT_NE(request.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nUser-Agent: candor/" + std::string(kVersion) + "\r\n"),
            std::string::npos);
  EXPECT_EQ(request.find("Expect"), std::string::npos);
}

TEST(Curl, KeepsTheConnection) {
  LoopbackServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.answer("200 OK");
  });
  const auto transport = make_curl_transport();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(transport->send(to(server)).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Curl, CarriesALargeBodyWhole) {
  const std::string body(8u << 20, 'x');
  std::promise<std::size_t> seen;
  LoopbackServer server([&](Connection& connection) {
    seen.set_value(connection.read_request().size());
    connection.answer("200 OK");
  });
  Request request = to(server);
  request.body = body;
  EXPECT_EQ(make_curl_transport()->send(request).status, 200);
  EXPECT_GT(seen.get_future().get(), body.size());
}

TEST(Curl, GivesUpOnSilence) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.wait_for_close();
  });
  EXPECT_EQ(make_curl_transport()->send(to(server, kShort)).failure, Failure::timeout);
}

TEST(Curl, GivesUpOnASlowDrip) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    while (connection.write("H") && connection.pause(5)) {}
  });
  EXPECT_NE(make_curl_transport()->send(to(server, kShort)).failure, Failure::none);
}

TEST(Curl, AStatusHasArrivedWhateverBecomesOfItsBody) {
  const std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  LoopbackServer drips([&](Connection& connection) {
    connection.read_request();
    connection.write(kHead);
    while (connection.write("x") && connection.pause(5)) {}
  });
  LoopbackServer hangs([&](Connection& connection) {
    connection.read_request();
    connection.write(kHead);
    connection.wait_for_close();
  });
  LoopbackServer closes([&](Connection& connection) {
    connection.read_request();
    connection.write(kHead);
    connection.write("abc");
  });
  const auto transport = make_curl_transport();
  for (const LoopbackServer* server : {&drips, &hangs, &closes}) {
    const Response response = transport->send(to(*server, server == &closes ? kLong : kShort));
    EXPECT_EQ(response.failure, Failure::none) << response.error;
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.error.empty());
  }
  EXPECT_EQ(transport->send(to(closes)).body, "abc");
}

TEST(Curl, AStatusThatArrivedStandsThoughTheRequestIsCut) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    connection.wait_for_close();
  });
  Request request = to(server, kLong);
  // Asked every kAskEveryMs: the status has arrived long before the last of these.
  request.may_go_on = [asked = 0]() mutable { return ++asked < 20; };
  EXPECT_EQ(make_curl_transport()->send(request).status, 200);
}

TEST(Curl, AProxysStatusIsNotTheServers) {
  LoopbackServer hangs([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 Connection established\r\n\r\n");
    connection.wait_for_close();
  });
  const std::string url = hangs.url();
  setenv("https_proxy", url.c_str(), 1);
  const auto transport = make_curl_transport();
  unsetenv("https_proxy");
  const Response response = transport->send(
      {.url = "https://x.example/batch/", .headers = {}, .body = "{}", .timeout_ms = kShort});
  EXPECT_EQ(hangs.connections(), 1);
  EXPECT_NE(response.failure, Failure::none);
}

TEST(Curl, NoStatusHasArrivedBeforeTheEndOfItsHeaders) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n");
  });
  EXPECT_EQ(make_curl_transport()->send(to(server)).failure, Failure::network);
}

TEST(Curl, GivesUpOnAServerThatDoesNotRead) {
  const std::string body(64u << 20, 'x');
  LoopbackServer server([](Connection& connection) { connection.ignore(); });
  Request request = to(server, kShort);
  request.body = body;
  EXPECT_EQ(make_curl_transport()->send(request).failure, Failure::timeout);
}

// How many bytes of a request arrive after send() returned without an answer. The body is more than
// the buffers of a socket hold.
std::int64_t arrives_after_the_end(bool cancelled, bool forked = false) {
  const std::string body(4u << 20, 'x');
  std::promise<void> begun;
  std::promise<void> ended;
  std::promise<std::int64_t> after;
  LoopbackServer server([&](Connection& connection) {
    connection.read_some(1024);
    begun.set_value();
    ended.get_future().wait();
    const std::int64_t here = connection.readable_bytes();
    after.set_value(connection.read_to_end() - here);
  });
  Request request = to(server, cancelled ? kLong : kShort);
  request.body = body;
  const auto transport = make_curl_transport();
  auto response = std::async(std::launch::async, [&] { return transport->send(request); });
  begun.get_future().wait();
  // A child that holds a copy of each descriptor.
  const pid_t child = forked ? ::fork() : -1;
  if (child == 0) {
    for (;;) ::pause();
  }
  if (cancelled) transport->cancel();
  EXPECT_EQ(response.get().failure, cancelled ? Failure::cancelled : Failure::timeout);
  ended.set_value();
  const std::int64_t bytes = after.get_future().get();
  if (forked) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return bytes;
}

TEST(Curl, NothingOfARequestLeavesAfterItsTimeout) { EXPECT_EQ(arrives_after_the_end(false), 0); }

TEST(Curl, NothingOfARequestLeavesAfterItWasCancelled) {
  EXPECT_EQ(arrives_after_the_end(true), 0);
}

TEST(Curl, NothingOfARequestLeavesWhileAForkedChildLives) {
  EXPECT_EQ(arrives_after_the_end(true, true), 0);
}

TEST(Curl, ClosesInOrderAfterAnAnswer) {
  for (const char* header : {"", "Connection: close\r\n"}) {
    std::promise<bool> in_order;
    LoopbackServer server([&](Connection& connection) {
      connection.read_request();
      connection.answer("200 OK", header);
      in_order.set_value(connection.is_closed_in_order());
    });
    EXPECT_EQ(make_curl_transport()->send(to(server)).status, 200);
    EXPECT_TRUE(in_order.get_future().get()) << header;
  }
}

TEST(Curl, ReportsABrokenConnection) {
  LoopbackServer closes_at_once([](Connection& connection) { connection.read_request(); });
  LoopbackServer talks_nonsense([](Connection& connection) {
    connection.read_request();
    connection.write("220 mail.example ESMTP\r\n");
  });
  const auto transport = make_curl_transport();
  EXPECT_EQ(transport->send(to(closes_at_once)).failure, Failure::network);
  EXPECT_EQ(transport->send(to(talks_nonsense)).failure, Failure::network);
}

TEST(Curl, ReportsARefusedConnection) {
  std::string url;
  {
    LoopbackServer server([](Connection&) {});
    url = server.url();
  }
  const Response response = make_curl_transport()->send(
      {.url = url, .headers = {}, .body = "secret", .timeout_ms = kLong});
  EXPECT_EQ(response.failure, Failure::network);
  EXPECT_NE(response.error.find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(response.error.find("secret"), std::string::npos);
}

TEST(Curl, DoesNotFollowRedirects) {
  LoopbackServer elsewhere([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
  });
  LoopbackServer server([&](Connection& connection) {
    connection.read_request();
    connection.answer("307 Temporary Redirect", "Location: " + elsewhere.url() + "/\r\n");
  });
  EXPECT_EQ(make_curl_transport()->send(to(server)).status, 307);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(Curl, BoundsTheBodyOnBothSidesOfTheLimit) {
  for (const std::size_t size : {kBodyBytesMax, kBodyBytesMax + 1, 4 * kBodyBytesMax}) {
    LoopbackServer server([&](Connection& connection) {
      connection.read_request();
      connection.answer("200 OK", "", std::string(size, 'b'));
    });
    const Response response = make_curl_transport()->send(to(server));
    EXPECT_EQ(response.failure, Failure::none);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body.size(), kBodyBytesMax);
  }
}

TEST(Curl, AnEndlessBodyEnds) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.write(std::string(65536, 'e'))) {}
  });
  EXPECT_EQ(make_curl_transport()->send(to(server)).body.size(), kBodyBytesMax);
}

TEST(Curl, EndlessHeadersEnd) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: " + std::string(1000, 'h') +
                            "\r\nRetry-After: " + std::string(1000, '9') + "\r\n")) {}
  });
  EXPECT_EQ(make_curl_transport()->send(to(server)).failure, Failure::network);
}

TEST(Curl, CancelEndsARequestUnderWay) {
  std::promise<void> arrived;
  LoopbackServer server([&](Connection& connection) {
    connection.read_request();
    arrived.set_value();
    connection.wait_for_close();
  });
  const auto transport = make_curl_transport();
  auto response = std::async(std::launch::async, [&] { return transport->send(to(server)); });
  arrived.get_future().wait();
  transport->cancel();
  EXPECT_EQ(response.get().failure, Failure::cancelled);
  EXPECT_EQ(transport->send(to(server)).failure, Failure::cancelled);
}

TEST(Curl, AllowsOnlyHttpsAndLoopback) {
  const auto transport = make_curl_transport();
  for (const char* url :
       {"http://example.com/batch/", "http://10.0.0.1/", "http://128.0.0.1/",
        "http://127.0.0.1.example.com/", "http://localhost.example.com/",
        "http://127.0.0.1@example.com/", "http://[::2]/", "http://0.0.0.0/", "ftp://127.0.0.1/",
        "file:///etc/passwd", "127.0.0.1:80", "", "://", "https://", "http:///"}) {
    const Response response =
        transport->send({.url = url, .headers = {}, .body = "", .timeout_ms = kShort});
    EXPECT_EQ(response.failure, Failure::forbidden) << url;
  }
}

TEST(Curl, SendsNothingToAMalformedAddress) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
  });
  const std::string port = server.url().substr(server.url().rfind(':'));
  for (const char* start : {"http:/127.0.0.1", "http:///127.0.0.1", "http:///ada:pw@127.0.0.1",
                            "http:127.0.0.1", "http:/ada:pw@127.0.0.1"}) {
    Request request = to(server);
    request.url = start + port + "/batch/";
    const Response response = make_curl_transport()->send(request);
    EXPECT_EQ(response.failure, Failure::forbidden) << start;
    EXPECT_EQ(response.error.find("pw"), std::string::npos) << response.error;
  }
  Request request = to(server);
  request.url += "@x.example";
  EXPECT_EQ(make_curl_transport()->send(request).failure, Failure::forbidden);
  EXPECT_EQ(server.connections(), 0);
}

TEST(Curl, ReachesAnyHostByPlainHttpWhereTheRequestSaysSo) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
  });
  // This machine, by a name that is none of loopback's.
  const std::string url = "http://0.0.0.0" + server.url().substr(server.url().rfind(':')) + "/";
  Request request{.url = url, .headers = {}, .body = "", .timeout_ms = kLong};
  EXPECT_EQ(make_curl_transport()->send(request).failure, Failure::forbidden);
  request.plain_http = true;
  EXPECT_EQ(make_curl_transport()->send(request).status, 200);
  for (const char* other : {"ftp://127.0.0.1/", "file:///etc/passwd", "://"}) {
    request.url = other;
    EXPECT_EQ(make_curl_transport()->send(request).failure, Failure::forbidden) << other;
  }
}

TEST(Curl, ReachesLoopbackByAllItsNames) {
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
  });
  const std::string port = server.url().substr(server.url().rfind(':'));
  for (const char* host : {"http://127.0.0.1", "http://localhost", "http://LocalHost"}) {
    EXPECT_EQ(make_curl_transport()
                  ->send({.url = host + port + "/", .headers = {}, .body = "", .timeout_ms = kLong})
                  .status,
              200)
        << host;
  }
}

TEST(Curl, RefusesHeadersThatAreNone) {
  LoopbackServer server([](Connection&) {});
  for (const char* value : {"a\r\nX-Injected: 1", "a\nb", "\x7f", "k\xc3\xa9y"}) {
    Request request = to(server);
    request.headers.emplace_back("Authorization", value);
    EXPECT_EQ(make_curl_transport()->send(request).failure, Failure::forbidden);
  }
  EXPECT_EQ(server.connections(), 0);
}

// A variable of the environment, as it is for the time of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Curl, UsesTheProxyForHttps) {
  std::promise<std::string> seen;
  LoopbackServer proxy([&](Connection& connection) {
    seen.set_value(connection.read_request());
    connection.answer("403 Forbidden");
  });
  const Variable variable("HTTPS_PROXY", proxy.url());
  const Response response =
      make_curl_transport()->send({.url = "https://us.i.posthog.invalid/batch/",
                                   .headers = {{"Authorization", "secret"}},
                                   .body = "{}",
                                   .timeout_ms = kLong});
  EXPECT_NE(response.failure, Failure::none);
  const std::string request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("CONNECT us.i.posthog.invalid:443 HTTP/1.1\r\n")) << request;
  EXPECT_EQ(request.find("secret"), std::string::npos);
}

TEST(Curl, KeepsLoopbackAwayFromProxies) {
  LoopbackServer proxy([](Connection&) {});
  LoopbackServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
  });
  const Variable http("http_proxy", proxy.url()), all("ALL_PROXY", proxy.url());
  EXPECT_EQ(make_curl_transport()->send(to(server)).status, 200);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(Curl, NoProxyIsHonoured) {
  LoopbackServer proxy([](Connection&) {});
  const Variable https("https_proxy", proxy.url()), except("NO_PROXY", "posthog.invalid");
  EXPECT_NE(make_curl_transport()
                ->send({.url = "https://us.i.posthog.invalid/",
                        .headers = {},
                        .body = "",
                        .timeout_ms = kLong})
                .failure,
            Failure::none);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(Curl, LeavesTheHostsSignalsAlone) {
  struct sigaction before {
  }, after{};
  sigset_t mask_before, mask_after;
  sigaction(SIGPIPE, nullptr, &before);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  LoopbackServer server([](Connection& connection) { connection.read_request(); });
  static_cast<void>(make_curl_transport()->send(to(server)));
  sigaction(SIGPIPE, nullptr, &after);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  EXPECT_EQ(sigismember(&mask_before, SIGPIPE), sigismember(&mask_after, SIGPIPE));
}

}  // namespace
}  // namespace candor::transport
