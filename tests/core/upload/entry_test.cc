// The C table: a real thread, a real spool, a real server on loopback. No deadline here
// is ever reached unless the test says so.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "candor/upload.h"
#include "event/record.h"
#include "identity/identity.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/system.h"
#include "spool/spool.h"
#include "transport/loopback_server.h"
#include "upload/job.h"

namespace candor::upload {
namespace {

namespace fs = std::filesystem;
using test::Connection;
using test::LoopbackServer;

constexpr std::int32_t kLong = 60'000;
constexpr std::uint32_t kHour = 3'600'000;

struct Stop {
  void operator()(candor_uploader* uploader) const { candor_upload.stop(uploader); }
};
using Handle = std::unique_ptr<candor_uploader, Stop>;

class EntryTest : public testing::Test {
 protected:
  EntryTest() {
    std::string name = (fs::temp_directory_path() / "candor-entry-XXXXXX").string();
    dir = mkdtemp(name.data());
    job.spool_dir = dir + "/spool";
    job.consent.identity_file = dir + "/telemetry.json";
    std::ofstream(job.consent.identity_file) << R"({"enabled": true})";
    job.sinks = {{.host = "", .project_key = "k"}};
    job.flush_interval_ms = kHour;
    job.request_timeout_ms = kHour;
  }
  ~EntryTest() override { fs::remove_all(dir); }

  void emit(int count, std::size_t padding = 0) {
    spool::Writer writer(job.spool_dir, {"ran"}, {});
    for (int i = 0; i < count; ++i) {
      const UuidText uuid = uuid7(unix_ms());
      std::string payload;
      event::append_record_header(payload, "me", "");
      payload += R"({"event":"ran","uuid":")" + std::string(uuid.data(), uuid.size()) +
                 R"(","timestamp":"2026-01-02T03:04:05.678Z","properties":{"pad":")" +
                 std::string(padding, 'x') + R"("}})";
      ASSERT_EQ(writer.append(0, payload), spool::kPending);
    }
  }
  Handle start(const std::string& url) {
    job.sinks.front().host = url;
    const std::string text = to_json(job);
    return Handle(candor_upload.start(text.data(), text.size(), by_interval));
  }
  std::uint64_t pending() const {
    std::uint64_t count = 0;
    spool::for_each_pending(job.spool_dir, [&](std::string_view) { ++count; });
    return count;
  }

  std::string dir;
  Job job;
  int by_interval = 1;
};

int flush(candor_uploader* uploader, std::int32_t timeout_ms) {
  candor_flush_result result;
  candor_upload.flush(uploader, timeout_ms, 1, &result);
  return result.complete;
}

void take_all(Connection& connection) {
  while (!connection.read_request().empty()) connection.answer("200 OK");
}

TEST_F(EntryTest, SaysWhichTableItIs) {
  EXPECT_EQ(candor_upload.abi, std::uint32_t{CANDOR_UPLOAD_ABI});
}

TEST_F(EntryTest, RefusesAJobItCanNotUnderstand) {
  EXPECT_EQ(candor_upload.start("nonsense", 8, 1), nullptr);
  EXPECT_EQ(candor_upload.start("", 0, 1), nullptr);
}

TEST_F(EntryTest, FlushesAndSaysWhenNothingIsLeft) {
  LoopbackServer server(take_all);
  emit(5);
  const Handle uploader = start(server.url());
  ASSERT_TRUE(uploader);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
  EXPECT_EQ(pending(), 0u);
  emit(5);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
  EXPECT_EQ(pending(), 0u);
}

TEST_F(EntryTest, AFlushIsBoundedAndAStopCancels) {
  std::promise<void> arrived;
  LoopbackServer silent([&](Connection& connection) {
    connection.read_request();
    arrived.set_value();
    connection.wait_for_close();
  });
  emit(1);
  Handle uploader = start(silent.url());
  EXPECT_EQ(flush(uploader.get(), 50), 0);
  arrived.get_future().wait();
  EXPECT_EQ(flush(uploader.get(), 0), 0);
  EXPECT_EQ(flush(uploader.get(), -1), 0);
  uploader.reset();  // would hang for an hour
  EXPECT_EQ(pending(), 1u);
}

TEST_F(EntryTest, AForkedChildHasNoUploaderAndWaitsForNone) {
  LoopbackServer server(take_all);
  emit(1);
  Handle uploader = start(server.url());
  const pid_t child = fork();
  if (child == 0) {
    candor_upload.wake(uploader.get());
    const int drained = flush(uploader.get(), kLong);
    candor_upload.stop(uploader.get());
    _exit(drained);
  }
  int code = -1;
  waitpid(child, &code, 0);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
}

TEST_F(EntryTest, AFailureForGoodEndsTheFlush) {
  LoopbackServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.answer("401 Unauthorized");
  });
  emit(1);
  const Handle uploader = start(server.url());
  EXPECT_EQ(flush(uploader.get(), kLong), 0);
  EXPECT_EQ(pending(), 1u);
}

TEST_F(EntryTest, AFlushThatIsAskedForPassesThePause) {
  LoopbackServer server([](Connection& connection) {
    const char* answer = "401 Unauthorized";
    while (!connection.read_request().empty()) connection.answer(std::exchange(answer, "200 OK"));
  });
  emit(1);
  const Handle uploader = start(server.url());
  EXPECT_EQ(flush(uploader.get(), kLong), 0);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
}

TEST_F(EntryTest, AWakeUploads) {
  std::promise<void> arrived;
  LoopbackServer server([&](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
    arrived.set_value();
  });
  emit(1);
  const Handle uploader = start(server.url());
  candor_upload.wake(uploader.get());
  arrived.get_future().wait();
}

TEST_F(EntryTest, TheIntervalUploads) {
  std::promise<void> arrived;
  LoopbackServer server([&](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK");
    arrived.set_value();
  });
  emit(1);
  job.flush_interval_ms = 1;
  const Handle uploader = start(server.url());
  arrived.get_future().wait();
}

TEST_F(EntryTest, OneThatOnlyFlushesUploadsNothingByItself) {
  LoopbackServer server(take_all);
  job.flush_interval_ms = 1;
  by_interval = 0;
  const Handle uploader = start(server.url());
  emit(1);
  EXPECT_EQ(flush(uploader.get(), kLong), 1);
  emit(1);
  candor_upload.wake(uploader.get());
  // One that keeps the same interval, over another spool, has had its turn several times.
  const std::string spool_dir = std::exchange(job.spool_dir, dir + "/other");
  by_interval = 1;
  const Handle other = start(server.url());
  for (int i = 0; i < 3; ++i) {
    emit(1);
    while (pending() > 0) std::this_thread::yield();
  }
  job.spool_dir = spool_dir;
  EXPECT_EQ(pending(), 1u);
}

TEST_F(EntryTest, AFlushSaysWhatTheServerRefused) {
  LoopbackServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.answer("400 Bad Request");
  });
  emit(3);
  const Handle uploader = start(server.url());
  candor_flush_result result;
  candor_upload.flush(uploader.get(), kLong, 1, &result);
  EXPECT_EQ(result.complete, 1);
  EXPECT_EQ(result.delivered, 0u);
  EXPECT_EQ(result.refused, 3u);
  EXPECT_NE(std::string_view(result.why).find("400"), std::string_view::npos) << result.why;
}

TEST_F(EntryTest, AWithdrawalCutsARequestThatTheServerReadsSlowly) {
  // More than the buffers of a socket hold: most of the body is still here when it is cut.
  std::promise<void> begun;
  std::promise<void> withdrawn;
  std::atomic<std::int64_t> after = -1;
  LoopbackServer server([&](Connection& connection) {
    connection.read_some(1024);
    begun.set_value();
    withdrawn.get_future().wait();
    // What has arrived on this machine by now has left the other; nothing may follow it.
    const std::int64_t here = connection.readable_bytes();
    after = connection.read_to_end() - here;
  });
  job.compression = "none";
  job.request_timeout_ms = 60'000;
  emit(1, 900'000);
  emit(1, 900'000);
  emit(1, 900'000);
  const Handle uploader = start(server.url());
  auto flushed = std::async(std::launch::async, [&] {
    candor_flush_result result;
    candor_upload.flush(uploader.get(), kLong, 1, &result);
    return std::string(result.why);
  });
  begun.get_future().wait();
  ASSERT_TRUE(identity::set_enabled(job.consent.identity_file, false, unix_ms()));
  spool::Purge purged;
  EXPECT_EQ(spool::withdraw(job.spool_dir, steady_ms() + kLong, purged), spool::Halt::sent);
  withdrawn.set_value();
  EXPECT_EQ(flushed.get(), "telemetry is off");
  while (after < 0) std::this_thread::yield();
  EXPECT_EQ(after, 0);
  EXPECT_EQ(pending(), 0u);
}

TEST_F(EntryTest, AWithdrawalSaysThatAnUploadDidNotStop) {
  emit(1);
  const auto stopped = spool::Queue::try_open(job.spool_dir);  // by a process that does not look
  spool::Purge purged;
  EXPECT_EQ(spool::withdraw(job.spool_dir, steady_ms() + 1, purged), spool::Halt::running);
  EXPECT_EQ(purged.records, 1u);
  EXPECT_EQ(pending(), 0u);
}

TEST_F(EntryTest, AWithdrawalWithNoUploadUnderWayIsIdle) {
  emit(1);
  spool::Purge purged;
  EXPECT_EQ(spool::withdraw(job.spool_dir, steady_ms() + kLong, purged), spool::Halt::idle);
  static_cast<void>(spool::Queue::try_open(job.spool_dir));
  EXPECT_EQ(spool::withdraw(job.spool_dir, steady_ms() + kLong, purged), spool::Halt::idle);
}

TEST_F(EntryTest, WaitsForAnotherProcessWithinTheFlush) {
  LoopbackServer server(take_all);
  emit(1);
  auto other = spool::Queue::try_open(job.spool_dir);
  const Handle uploader = start(server.url());
  EXPECT_EQ(flush(uploader.get(), 50), 0);
  auto flushed = std::async(std::launch::async, [&] { return flush(uploader.get(), kLong); });
  other.reset();
  EXPECT_EQ(flushed.get(), 1);
}

TEST_F(EntryTest, ManyThreadsAndUploadersDeliverEachEventOnce) {
  std::atomic<int> events = 0;
  LoopbackServer server([&](Connection& connection) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      for (std::size_t at = 0; (at = request.find("\"uuid\":", at)) != std::string::npos; ++at)
        ++events;
      connection.answer("200 OK");
    }
  });
  job.compression = "none";
  job.batch_events_max = 7;
  emit(200);
  std::vector<Handle> uploaders;
  for (int i = 0; i < 4; ++i) uploaders.push_back(start(server.url()));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      candor_upload.wake(uploaders[static_cast<std::size_t>(i) % 4].get());
      EXPECT_EQ(flush(uploaders[static_cast<std::size_t>(i) % 4].get(), kLong), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pending(), 0u);
  EXPECT_EQ(events.load(), 200);
}

TEST_F(EntryTest, StopsAtOnceWhenIdle) {
  LoopbackServer server(take_all);
  for (int i = 0; i < 20; ++i) start(server.url()).reset();
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(EntryTest, LeavesTheCallersSignalMaskAlone) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  LoopbackServer server(take_all);
  const Handle uploader = start(server.url());
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
  }
}

}  // namespace
}  // namespace candor::upload
