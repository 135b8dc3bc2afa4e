// The uploader thread behind candor/upload.h.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "candor/upload.h"
#include "platform/clock.h"
#include "platform/guest.h"
#include "upload/job.h"
#include "upload/uploader.h"

// libcurl's, if it is built with OpenSSL: of whichever library the loader binds libcurl to.
extern "C" __attribute__((weak)) int OPENSSL_init_crypto(std::uint64_t options,
                                                         const void* settings);

namespace {

using candor::steady_ms;
using candor::upload::Job;
using candor::upload::RunOptions;
using candor::upload::RunResult;
using candor::upload::Uploader;

// A background run lets go of the spool after this long (and the time of one request, so
// that a server always gets the time it was promised), for other processes to get their
// turn. It goes on at once when there is more.
constexpr std::int64_t kRunMs = 30'000;
// How long the end of a thread is waited for.
constexpr std::chrono::seconds kHaltWait{1};

}  // namespace

struct candor_uploader {
  candor_uploader(Job job, bool by_interval)
      : by_interval_(by_interval),
        interval_ms_(std::max<std::int64_t>(job.flush_interval_ms, 1)),
        run_ms_(kRunMs + job.request_timeout_ms),
        uploader_(std::move(job)),
        pid_(getpid()) {
    const candor::SignalsBlocked blocked;
    thread_ = std::thread([this] {
      work();
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    });
  }

  // In a forked child there is no thread, and the locks are as the fork found them:
  // nothing may be touched, not even to free it.
  [[nodiscard]] bool is_forked() const noexcept { return getpid() != pid_; }

  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  void flush(std::int64_t timeout_ms, bool asked, candor_flush_result& result) {
    std::unique_lock lock(mutex_);
    const std::uint64_t delivered = delivered_;
    const std::uint64_t refused = refused_;
    const std::uint64_t mine = ++flushes_asked_;
    urgent_ |= asked;
    flush_until_ms_ = std::max(flush_until_ms_, steady_ms() + timeout_ms);
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [&] { return flushes_done_ >= mine || stopping_; });
    const bool done = flushes_done_ >= mine;
    result.delivered = delivered_ - delivered;
    result.refused = refused_ - refused;
    result.complete = done && drained_ ? 1 : 0;
    const std::string_view why = done        ? std::string_view(why_)
                                 : stopping_ ? "the client was closed"
                                             : "there was not enough time";
    result.why[why.copy(result.why, sizeof result.why - 1)] = '\0';
  }

  // Makes the thread end. What was asked to wait gets its answer.
  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    uploader_.cancel();
  }

  // Ends the thread, once. False when it did not end in time and still uses this object: it may
  // need the loader's lock, which the caller holds in a static constructor.
  [[nodiscard]] bool halt() {
    cancel();
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kHaltWait, [&] { return ended_; })) {
      if (thread_.joinable()) thread_.detach();
      return false;
    }
    lock.unlock();
    if (thread_.joinable()) thread_.join();
    return true;
  }

 private:
  void work() noexcept;
  void loop();
  RunResult run_once(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::int64_t pause_after(const RunResult& result) const;

  const bool by_interval_;
  const std::int64_t interval_ms_, run_ms_;
  Uploader uploader_;
  const pid_t pid_;
  std::mutex mutex_;
  std::condition_variable changed_;  // anything below
  bool woken_ = false;
  bool stopping_ = false;
  bool urgent_ = false;   // somebody waits for the flush
  bool ended_ = false;    // the thread is about to return
  bool drained_ = false;  // by the last flush done
  std::string why_;       // of the last flush done
  std::uint64_t delivered_ = 0, refused_ = 0;
  std::uint64_t flushes_asked_ = 0, flushes_done_ = 0;
  std::int64_t flush_until_ms_ = 0;  // when the last one stops waiting, in steady time
  std::thread thread_;
};

void candor_uploader::work() noexcept {
  try {
    loop();
  } catch (...) {  // out of memory: what is in the spool waits for another process
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
}

void candor_uploader::loop() {
  std::unique_lock lock(mutex_);
  std::int64_t next_ms = steady_ms() + interval_ms_;  // when to look at the spool again
  std::int64_t deaf_until_ms = 0;                     // backing off: no wake helps before
  while (!stopping_) {
    const std::int64_t now = steady_ms();
    const bool due = by_interval_ && ((woken_ && now >= deaf_until_ms) || now >= next_ms);
    if (flushes_asked_ == flushes_done_ && !due) {
      if (by_interval_) {
        // At least a millisecond: the clock is coarse.
        const std::int64_t ms = std::max<std::int64_t>(next_ms - now, 1);
        changed_.wait_for(lock, std::chrono::milliseconds(ms));
      } else {
        changed_.wait(lock);
      }
      continue;
    }
    const RunResult result = run_once(lock);
    next_ms = steady_ms() + pause_after(result);
    deaf_until_ms = result.end == RunResult::End::backing_off ? next_ms : 0;
  }
}

RunResult candor_uploader::run_once(std::unique_lock<std::mutex>& lock) {
  woken_ = false;
  const std::uint64_t asked = flushes_asked_;
  const bool is_flush = asked != flushes_done_;
  const bool urgent_now = is_flush && urgent_;
  const std::int64_t flush_until_ms = flush_until_ms_;
  lock.unlock();
  RunResult result = uploader_.run({.deadline_ms = steady_ms() + run_ms_,
                                    .asked = urgent_now,
                                    .busy_until_ms = is_flush ? flush_until_ms : 0});
  lock.lock();
  delivered_ += result.delivered;
  refused_ += result.refused;
  // A flush that only ran out of its turn goes on with the next.
  const bool over = result.end != RunResult::End::out_of_time;
  if (is_flush && (over || steady_ms() >= flush_until_ms)) {
    flushes_done_ = asked;
    if (flushes_asked_ == asked) urgent_ = false;
    drained_ = result.end == RunResult::End::drained;
    why_ = result.why;
    changed_.notify_all();
  }
  return result;
}

std::int64_t candor_uploader::pause_after(const RunResult& result) const {
  switch (result.end) {
    case RunResult::End::out_of_time: return 0;
    case RunResult::End::backing_off:
      return std::max(result.retry_at_ms - candor::unix_ms(), interval_ms_);
    default: return interval_ms_;
  }
}

namespace {

// OpenSSL frees its tables in an exit handler, under any thread that is using them, and the thread
// that initialises OpenSSL has no chance to register a handler that runs before. So OpenSSL is
// initialised here without one. Where the host has initialised the same OpenSSL before, this
// changes nothing, and OpenSSL's handler runs after that of Running.
void leave_openssl_at_exit() noexcept {
  constexpr std::uint64_t kNoAtExit = 0x00080000;  // OPENSSL_INIT_NO_ATEXIT
  if (OPENSSL_init_crypto != nullptr) OPENSSL_init_crypto(kNoAtExit, nullptr);
}

// The uploaders that run, so that they end before the process does: exit destroys what libcurl's
// libraries use, under any thread that is using it. This is the one thing that the library keeps
// for the whole process.
class Running {
 public:
  // First called when OpenSSL is initialised: exit handlers run in the reverse of the order they
  // were made in, so ours comes before one of OpenSSL's that a host has registered.
  static Running& instance() {
    // Never destroyed: a client that is destroyed later in the exit still asks to be removed.
    static auto* const running = new Running;
    static const AtExit at_exit{running};
    return *running;
  }
  void add(candor_uploader* uploader) {
    const std::unique_lock lock = try_lock();
    if (lock) uploaders_.push_back(uploader);
  }
  void remove(const candor_uploader* uploader) {
    const std::unique_lock lock = try_lock();
    if (lock) std::erase(uploaders_, uploader);
  }

 private:
  struct AtExit {
    Running* running;
    ~AtExit() { running->halt_all(); }
  };
  void halt_all() noexcept {
    try {
      const std::unique_lock lock = try_lock();
      if (!lock) return;
      for (candor_uploader* uploader : uploaders_) {
        if (!uploader->is_forked()) static_cast<void>(uploader->halt());
      }
    } catch (...) {  // an exit goes on
    }
  }

  // Held for moments only; longer means that a fork left it locked for ever.
  std::unique_lock<std::mutex> try_lock() {
    constexpr int kTriesMax = 500;
    std::unique_lock lock(mutex_, std::try_to_lock);
    for (int i = 0; i < kTriesMax && !lock; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      static_cast<void>(lock.try_lock());
    }
    return lock;
  }
  std::mutex mutex_;
  std::vector<candor_uploader*> uploaders_;
};

}  // namespace

extern "C" {

static candor_uploader* candor_upload_start(const char* job, size_t job_bytes,
                                            int32_t by_interval) {
  try {
    auto parsed = candor::upload::parse_job(std::string_view(job, job_bytes));
    if (!parsed) return nullptr;
    leave_openssl_at_exit();
    auto* uploader = new candor_uploader(std::move(*parsed), by_interval != 0);
    Running::instance().add(uploader);
    return uploader;
  } catch (...) {  // out of memory, or of threads
    return nullptr;
  }
}

static void candor_upload_wake(candor_uploader* uploader) {
  try {
    if (uploader != nullptr && !uploader->is_forked()) uploader->wake();
  } catch (...) {  // a lost wake costs an interval
  }
}

static void candor_upload_flush(candor_uploader* uploader, int32_t timeout_ms, int32_t asked,
                                candor_flush_result* result) {
  *result = {};
  try {
    if (uploader == nullptr || uploader->is_forked()) return;
    uploader->flush(std::max<int32_t>(timeout_ms, 0), asked != 0, *result);
  } catch (...) {  // nothing is known to have been delivered
  }
}

static void candor_upload_cancel(candor_uploader* uploader) {
  try {
    if (uploader != nullptr && !uploader->is_forked()) uploader->cancel();
  } catch (...) {  // it will be stopped all the same
  }
}

static void candor_upload_stop(candor_uploader* uploader) {
  try {
    if (uploader == nullptr || uploader->is_forked()) return;
    Running::instance().remove(uploader);
    if (uploader->halt()) delete uploader;
  } catch (...) {  // the thread could not be joined: better to leak than to free under it
  }
}

const candor_upload_api candor_upload = {
    .abi = CANDOR_UPLOAD_ABI,
    .start = candor_upload_start,
    .wake = candor_upload_wake,
    .flush = candor_upload_flush,
    .cancel = candor_upload_cancel,
    .stop = candor_upload_stop,
};

}  // extern "C"
