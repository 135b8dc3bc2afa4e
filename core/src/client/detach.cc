#include "client/detach.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "client/beside.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/guest.h"
#include "platform/process.h"
#include "upload/job.h"

namespace candor::client {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
// Below it are the descriptors that the uploader's own standard streams take.
constexpr int kFirstFd = 3;

std::string find_program(const std::string& named) {
  if (!named.empty()) return named;
  for (const std::string& path : beside_this_code("candor", "bin", CANDOR_INSTALLED_BINDIR)) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

// Takes the interval's one start for this process; the stamp's change is the claim.
bool claim(const DetachPlan& plan) noexcept {
  const LockedFd stamp = file::lock(plan.spool_dir + "/" + kDetachedStamp);
  struct stat info {};
  if (!stamp.locked() || ::fstat(stamp.get(), &info) != 0) return false;
  const std::int64_t last =
      std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
  const std::int64_t age = unix_ms() - last;
  // Just made (empty), or old enough, or from a time that has not come yet.
  if (info.st_size == 0)
    return file::write_at(stamp.get(), std::as_bytes(std::span("\n", 1)), 0).ok();
  if (age >= 0 && age < std::min(plan.interval_ms, upload::kStayMsMax)) return false;
  return ::futimens(stamp.get(), nullptr) == 0;
}

// The job, as a file that exists in memory only, to be read from its beginning.
Fd job_file(const std::string& job) noexcept {
  Fd made(::memfd_create("candor-job", MFD_CLOEXEC));
  if (!made.valid() || !file::write_at(made.get(), std::as_bytes(std::span(job)), 0)) return Fd();
  return Fd(::fcntl(made.get(), F_DUPFD_CLOEXEC, kFirstFd));
}

// What the two short-lived processes between us and the uploader share with us: our memory,
// until one has called exec and the other has ended. They make system calls only.
struct Launch {
  const char* program;
  char* const* argv;
  char* const* envp;
  int input;
  int null;
  char* inner_stack;
};

int exec_uploader(void* arg) {
  const auto& launch = *static_cast<const Launch*>(arg);
  if (::dup2(launch.input, 0) == 0 && ::dup2(launch.null, 1) == 1 && ::dup2(launch.null, 2) == 2 &&
      ::chdir("/") == 0) {
    ::execve(launch.program, launch.argv, launch.envp);
  }
  ::_exit(127);
}

// Ends at once, so that the uploader has no parent that would have to reap it.
int leave_uploader(void* arg) {
  const auto& launch = *static_cast<const Launch*>(arg);
  ::setsid();
  const int pid =
      ::clone(exec_uploader, launch.inner_stack + kStackBytes, CLONE_VM | CLONE_VFORK, arg);
  ::_exit(pid > 0 ? 0 : 1);
}

bool launch_program(const std::string& program, int input) {
  const Fd opened(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Fd null(::fcntl(opened.get(), F_DUPFD_CLOEXEC, kFirstFd));
  if (!null.valid()) return false;
  const char* argv[] = {"candor", "upload", nullptr};
  std::vector<char> stacks(2 * kStackBytes);
  Launch launch{program.c_str(), const_cast<char* const*>(argv), ::environ, input, null.get(),
                stacks.data()};

  // While they share our memory, no handler of the host may run in them.
  const SignalsBlocked blocked;
  // No exit signal: the host hears no SIGCHLD, and its wait() does not see the child.
  const int pid =
      ::clone(leave_uploader, stacks.data() + 2 * kStackBytes, CLONE_VM | CLONE_VFORK, &launch);
  int status = -1;
  if (pid > 0) {
    while (::waitpid(pid, &status, static_cast<int>(__WCLONE)) < 0 && errno == EINTR) {}
  }
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool start_detached(const DetachPlan& plan) noexcept try {
  if (inherits_orphans()) return false;
  const std::string program = find_program(plan.program);
  if (program.empty() || !claim(plan)) return false;
  const Fd job = job_file(plan.job);
  return job.valid() && launch_program(program, job.get());
} catch (...) { return false; }

}  // namespace candor::client
