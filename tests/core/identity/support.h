// Homes to break and processes to race, for the tests of identity and consent.
#pragma once

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace candor::testing {

inline constexpr std::int64_t kNow = 1767323045678;  // 2026-01-02T03:04:05.678Z
inline constexpr char kId[] = "0b9e1b6a-3c5d-4e7f-8a9b-0c1d2e3f4a5b";

// A directory of this test's own, readable by everybody, removed at the end.
class TempHome {
 public:
  TempHome() {
    std::string name = std::filesystem::temp_directory_path() / "candor-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    ::chmod(name.c_str(), 0755);
    path_ = name;
  }
  ~TempHome() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  TempHome(const TempHome&) = delete;
  TempHome& operator=(const TempHome&) = delete;

  [[nodiscard]] std::string dir() const { return path_; }
  [[nodiscard]] std::string file() const { return path_ / "telemetry.json"; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      found.push_back(entry.path().filename());
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Runs `work` in `count` forked processes that start at the same moment; what each
// returned, in order, or "died".
inline std::vector<std::string> in_processes(int count,
                                             const std::function<std::string(int)>& work) {
  int start[2];
  if (::pipe(start) != 0) std::abort();
  std::vector<pid_t> children;
  std::vector<int> results;
  for (int i = 0; i < count; ++i) {
    int result[2];
    if (::pipe(result) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(start[1]);
      ::close(result[0]);
      char byte = 0;
      while (::read(start[0], &byte, 1) > 0) {}
      const std::string text = work(i);
      const bool told =
          ::write(result[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
      ::_exit(told ? 0 : 1);
    }
    ::close(result[1]);
    children.push_back(child);
    results.push_back(result[0]);
  }
  ::close(start[0]);
  ::close(start[1]);

  std::vector<std::string> answers;
  for (std::size_t i = 0; i < children.size(); ++i) {
    std::string text;
    char buffer[512];
    for (ssize_t n = 0; (n = ::read(results[i], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(results[i]);
    int status = 0;
    ::waitpid(children[i], &status, 0);
    answers.push_back(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "died");
  }
  return answers;
}

inline std::string in_process(const std::function<std::string()>& work) {
  return in_processes(1, [&](int) { return work(); }).front();
}

// The same without root's power over permissions, whoever runs the tests.
inline constexpr uid_t kNobody = 65534;
inline std::string as_nobody(const std::function<std::string()>& work) {
  return in_process([&]() -> std::string {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
      return "cannot drop root";
    }
    return work();
  });
}
inline void give_to_nobody(const std::string& path) {
  if (::geteuid() == 0 && ::lchown(path.c_str(), kNobody, kNobody) != 0) std::abort();
}

}  // namespace candor::testing
