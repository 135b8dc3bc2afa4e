#include "client/delivery.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>

namespace candor::client {
namespace {

#if defined(__APPLE__)
constexpr char kLibraryName[] = "libcandor-upload.dylib";
#else
constexpr char kLibraryName[] = "libcandor-upload.so";
#endif

const candor_upload_api* load_from(const std::string& path) noexcept {
  // RTLD_LOCAL: its libcurl and OpenSSL must not meet the host's own. Never closed: its threads and
  // what OpenSSL registered for exit outlive any one client.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return nullptr;
  const auto* api = static_cast<const candor_upload_api*>(::dlsym(library, "candor_upload"));
  return api != nullptr && api->abi == CANDOR_UPLOAD_ABI ? api : nullptr;
}

// The named library, else the one beside the file that this code is in, else the loader's choice.
const candor_upload_api* load(const std::string& named) {
  if (!named.empty()) return load_from(named);
  Dl_info here{};
  if (::dladdr(reinterpret_cast<const void*>(&load_from), &here) != 0 && here.dli_fname != nullptr) {
    const std::string file = here.dli_fname;
    const std::string dir = file.substr(0, file.find_last_of('/') + 1);
    for (const char* beside : {"", "../lib/"}) {
      if (const auto* api = load_from(dir + beside + kLibraryName)) return api;
    }
  }
  return load_from(kLibraryName);
}

// Keeps the host's signals on the host's threads while a thread of ours is made.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &saved_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t saved_;
};

}  // namespace

DeliveryThread::DeliveryThread(DeliveryPlan plan)
    : plan_(std::move(plan)), process_(new Process) {}

DeliveryThread::~DeliveryThread() {
  stop();
  delete process_.load();
}

DeliveryThread::Process& DeliveryThread::here() noexcept {
  Process* current = process_.load(std::memory_order_acquire);
  if (!sentinel_.forked()) return *current;
  auto* fresh = new Process;
  // The parent's threads don't exist here; what they held is left as it is.
  if (process_.compare_exchange_strong(current, fresh)) {
    sentinel_.rearm();
    return *fresh;
  }
  delete fresh;
  return *process_.load(std::memory_order_acquire);
}

void DeliveryThread::emitted() noexcept {
  Process& process = here();
  const std::uint32_t n = process.emitted.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n == 1) start_timer(process);
  if (n % plan_.flush_at != 0) return;
  candor_uploader* const uploader = process.uploader.load(std::memory_order_acquire);
  if (uploader != nullptr) process.api.load(std::memory_order_relaxed)->wake(uploader);
}

void DeliveryThread::start_timer(Process& process) noexcept {
  if (plan_.delivery != Delivery::automatic && plan_.delivery != Delivery::background) return;
  std::lock_guard lock(process.mutex);
  if (process.stopped || process.timer.joinable()) return;
  try {
    const SignalsBlocked blocked;
    process.timer = std::thread([this, &process] { run_timer(process); });
  } catch (...) {
    // No thread to be had: the events wait for another process.
  }
}

void DeliveryThread::run_timer(Process& process) noexcept {
  if (plan_.delivery == Delivery::automatic) {
    std::unique_lock lock(process.mutex);
    process.stopping.wait_for(lock, std::chrono::milliseconds(plan_.flush_interval_ms),
                              [&] { return process.stopped; });
  }
  static_cast<void>(start_uploader(process));
}

bool DeliveryThread::start_uploader(Process& process) noexcept try {
  std::lock_guard lock(process.mutex);
  if (process.stopped) return false;
  if (process.uploader.load() != nullptr) return true;
  const candor_upload_api* const api = plan_.linked != nullptr ? plan_.linked : load(plan_.library);
  if (api == nullptr || api->abi != CANDOR_UPLOAD_ABI) return false;
  const SignalsBlocked blocked;
  process.api.store(api, std::memory_order_relaxed);
  process.uploader.store(api->start(plan_.job.data(), plan_.job.size()), std::memory_order_release);
  return process.uploader.load() != nullptr;
} catch (...) {
  return false;
}

bool DeliveryThread::flush(std::int32_t timeout_ms) noexcept {
  Process& process = here();
  if (!start_uploader(process)) return false;
  return process.api.load()->flush(process.uploader.load(), timeout_ms) == 1;
}

void DeliveryThread::stop() noexcept {
  Process& process = here();
  std::thread timer;
  {
    std::lock_guard lock(process.mutex);
    process.stopped = true;
    timer.swap(process.timer);
  }
  process.stopping.notify_all();
  if (timer.joinable()) timer.join();
  // Another thread may still be in `wake` or `flush`: the uploader is stopped once and freed here,
  // so close() promises that nobody flushes any more.
  candor_uploader* const uploader = process.uploader.exchange(nullptr);
  if (uploader != nullptr) process.api.load()->stop(uploader);
}

}  // namespace candor::client
