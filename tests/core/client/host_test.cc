// What a host may do to the thread that emits: limit its files, cancel it, interrupt it; and what
// it is promised of the wait hooks.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>

#include "platform/file.h"
#include "support.h"

namespace candor {
namespace {

using test::Home;

// Runs `work` in a process of its own, and answers its wait status; `work` answers what it exits
// with.
int in_child(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

// Files may grow to `bytes` in this process.
void limit_files(rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(FileSizeLimit, DropsAndLeavesTheHostAlive) {
  Home home;
  const int status = in_child([&] {
    auto client = Client::open(home.options());
    limit_files(4096);
    const Outcome outcome = client->emit("started", {{"n", 1}});
    // Later files of the host's own raise the signal as before.
    sigset_t blocked, pending;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    ::sigpending(&pending);
    const bool as_before =
        ::sigismember(&blocked, SIGXFSZ) == 0 && ::sigismember(&pending, SIGXFSZ) == 0;
    // No segment could hold the count, so it is in the process.
    const bool counted = client->stats().total.of(Reason::disk_error) == 1;
    return outcome.reason == Reason::disk_error && as_before && counted ? 0 : 1;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(FileSizeLimit, OfZeroLeavesTheHostAliveWithoutAHome) {
  Home home;
  const int status = in_child([&] {
    limit_files(0);
    auto client = Client::open(home.options());
    const bool off = client->emit("started", {{"n", 1}}).result != Result::accepted;
    static_cast<void>(client->disable());
    client->close();
    return off ? 0 : 1;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Cancellation, WaitsUntilTheCallIsOver) {
  Home home;
  const int status = in_child([&] {
    struct Work {
      Home& home;
      std::atomic<int> accepted{0}, lines{0};
    } work{home};
    pthread_t thread;
    const auto run = [](void* argument) -> void* {
      auto& to = *static_cast<Work*>(argument);
      Options options = to.home.options();
      options.log = [&to](std::string_view line) {
        ++to.lines;
        // A cancellation point of the host's own, as most loggers have.
        static_cast<void>(::write(-1, line.data(), line.size()));
      };
      auto client = Client::open(options);
      ::pthread_cancel(::pthread_self());
      // Makes a segment, and then has something to tell.
      to.accepted += client->emit("started", {{"n", 1}}) ? 1 : 0;
      to.accepted += client->emit("nothing") ? 1 : 0;
      static_cast<void>(client->status());
      static_cast<void>(client->stats());
      static_cast<void>(client->disable());
      client->close();
      ::pthread_testcancel();
      to.accepted = -1;
      return nullptr;
    };
    if (::pthread_create(&thread, nullptr, run, &work) != 0) return 2;
    void* result = nullptr;
    ::pthread_join(thread, &result);
    return work.accepted == 1 && work.lines == 1 && result == PTHREAD_CANCELED ? 0 : 1;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// What the handler of a signal emits with.
Client* interrupted_client = nullptr;
std::atomic<std::uint64_t> handler_accepted, handler_interrupted, handler_else;

void emit_in_handler(int) {
  const Outcome outcome = interrupted_client->emit("started", {{"n", 1}});
  if (outcome) {
    ++handler_accepted;
  } else if (outcome.reason == Reason::interrupted) {
    ++handler_interrupted;
  } else {
    ++handler_else;
  }
}

TEST(SignalHandler, ThatInterruptsAnEmitIsAnsweredAndCounted) {
  Home home;
  const int status = in_child([&] {
    ::alarm(60);  // a hang ends as a failure
    Options options = home.options();
    auto client = Client::open(options);
    interrupted_client = client.get();
    struct sigaction action {};
    action.sa_handler = emit_in_handler;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGPROF, &action, nullptr);
    timer_t timer{};
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGPROF;
    ::timer_create(CLOCK_MONOTONIC, &event, &timer);
    const itimerspec often{.it_interval = {0, 20'000}, .it_value = {0, 20'000}};
    ::timer_settime(timer, 0, &often, nullptr);
    std::uint64_t accepted = 0, emitted = 0;
    while (handler_interrupted < 500) {
      ++emitted;
      accepted += client->emit("started", {{"n", 1}}) ? 1u : 0u;
    }
    ::timer_delete(timer);
    client->close();
    if (accepted != emitted || handler_else != 0) return 1;
    const Counts counts = home.ledger().events.at("started");
    return counts.pending() == accepted + handler_accepted &&
                   counts.of(Reason::interrupted) == handler_interrupted
               ? 0
               : 2;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(SignalHandler, ALogThatEmitsIsNone) {
  Home home;
  Options options = home.options();
  Client* self = nullptr;
  std::vector<Result> nested;
  options.log = [&](std::string_view) {
    nested.push_back(self->emit("started", {{"n", 1}}).result);
  };
  auto client = Client::open(options);
  self = client.get();
  EXPECT_EQ(client->emit("started", {{"n", -1}}).code, Code::out_of_range);
  EXPECT_EQ(nested, std::vector<Result>{Result::accepted});
}

// Counts the calls that reach the disk outside of the hooks, on the thread that emits. (Those of
// the spool are held one by one in tests/python/test_host_values.py.)
thread_local bool watched = false;
thread_local int between = 0;
std::atomic<int> waited{0}, unannounced{0};

void reached_the_disk() {
  if (!watched) return;
  ++waited;
  if (between == 0) ++unannounced;
}

const file::Faults kWatch = {
    .open =
        [](const char* path, int flags, mode_t mode) {
          reached_the_disk();
          return ::open(path, flags, mode);
        },
    .pread =
        [](int fd, void* to, std::size_t n, off_t at) {
          reached_the_disk();
          return ::pread(fd, to, n, at);
        },
    .pwrite =
        [](int fd, const void* from, std::size_t n, off_t at) {
          reached_the_disk();
          return ::pwrite(fd, from, n, at);
        },
    .allocate =
        [](int fd, off_t from, off_t bytes) {
          reached_the_disk();
          return ::posix_fallocate(fd, from, bytes);
        },
    .fsync =
        [](int fd) {
          reached_the_disk();
          return ::fsync(fd);
        },
    .rename =
        [](const char* from, const char* to) {
          reached_the_disk();
          return ::rename(from, to);
        },
    .allocation_lasts = nullptr,
};

TEST(WaitHooks, AreAroundEveryUseOfTheIdentitysFiles) {
  Home home;
  const int status = in_child([&] {
    file::inject(kWatch);
    Options options = home.options();
    options.spool_bytes_max = 4u << 20;
    options.before_wait = [] { ++between; };
    options.after_wait = [] { --between; };
    const auto emit = [&](Client& client) {
      watched = true;
      const Outcome outcome = client.emit("started", {{"n", 1}});
      watched = false;
      return outcome.result;
    };
    // A change of consent is noticed within a second.
    const auto emit_until = [&](Client& client, Result result) {
      while (emit(client) != result) ::usleep(1000);
    };
    // Consent comes to a running process: the first emit mints, shows the notice, makes a segment.
    home.write_identity(R"({"enabled": false})");
    auto client = Client::open(options);
    if (emit(*client) != Result::disabled) return 1;
    home.write_identity(R"({"enabled": true})");
    emit_until(*client, Result::accepted);
    if (waited == 0) return 2;
    // Segments change; then the user says no, and the spool is emptied.
    for (int i = 0; i < 20'000; ++i) {
      if (emit(*client) != Result::accepted) return 3;
    }
    home.write_identity(R"({"enabled": false})");
    const int before = waited;
    emit_until(*client, Result::disabled);
    if (waited == before) return 4;
    return unannounced == 0 && between == 0 ? 0 : 5;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace candor
