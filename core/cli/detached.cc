#include "detached.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "client/upload_library.h"
#include "terminal.h"
#include "upload/job.h"

namespace candor::cli {
namespace {

constexpr int kNice = 10;
constexpr std::size_t kJobBytesMax = 64 * 1024;
constexpr std::int32_t kDrainMsMax = 60'000;
// The end, whatever hangs.
constexpr unsigned kDeadlineS = 240;

void leave_host_behind() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGALRM, SIG_DFL);  // a host that ignores it passed that on
  ::alarm(kDeadlineS);
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
  const long descriptors = std::min<long>(::sysconf(_SC_OPEN_MAX), 65'536);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
  static_cast<void>(descriptors);
  ::closefrom(3);
#else
  for (int fd = 3; fd < descriptors; ++fd) ::close(fd);
#endif
}

std::string read_job() {
  std::string text;
  char buffer[4096];
  while (text.size() <= kJobBytesMax) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

void stay(std::uint32_t ms) noexcept {
  const timespec pause{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
  ::nanosleep(&pause, nullptr);
}

}  // namespace

int upload_detached() {
  leave_host_behind();
  const std::string text = read_job();
  const auto job = upload::parse_job(text);
  if (!job) return kUsage;
  const candor_upload_api* const api = client::load_upload_library("");
  candor_uploader* const uploader =
      api != nullptr ? api->start(text.data(), text.size(), 0) : nullptr;
  if (uploader == nullptr) return kFailed;
  candor_flush_result result;
  api->flush(uploader, kDrainMsMax, 0, &result);
  // No other uploader is started within the interval; what was emitted in it is ours to bring.
  stay(std::min(job->flush_interval_ms, upload::kStayMsMax));
  api->flush(uploader, kDrainMsMax, 0, &result);
  api->stop(uploader);
  return result.complete == 1 ? kDone : kFailed;
}

}  // namespace candor::cli
