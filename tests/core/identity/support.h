// Homes to break and processes to race, for the tests of identity and consent.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "platform/file.h"

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
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string slurp(const std::string& path);

// The identity file by the rules of the format's strict readers: a UUID, a boolean and a text
// that must be there, a text and an integer that may be, and no other key. Anything else is no
// file to them.
struct StrictlyRead {
  bool accepted = false;
  bool enabled = false;
};
inline StrictlyRead read_strictly(const std::string& path) {
  static const std::regex uuid("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", std::regex::icase);
  const std::string text = slurp(path);
  if (text.starts_with("\xef\xbb\xbf")) return {};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  std::size_t known = 0;
  for (const char* key : {"installId", "createdAt"}) {
    if (!json.contains(key) || !json[key].is_string()) return {};
    ++known;
  }
  if (!std::regex_match(json["installId"].get<std::string>(), uuid)) return {};
  if (!json.contains("enabled") || !json["enabled"].is_boolean()) return {};
  ++known;
  if (json.contains("noticeShownAt")) {
    if (!json["noticeShownAt"].is_string()) return {};
    ++known;
  }
  if (json.contains("noticeShownVersion")) {
    if (!json["noticeShownVersion"].is_number_integer()) return {};
    ++known;
  }
  return {json.size() == known, json["enabled"].get<bool>()};
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

inline int steps_left = 0;
inline void die() {
  if (steps_left-- == 0) ::_exit(9);
}
// Ends this process, as a kill would, at the n-th call that changes or syncs a file.
inline void die_at_step(int step) {
  steps_left = step;
  file::inject({.open =
                    [](const char* path, int flags, mode_t mode) {
                      if ((flags & O_CREAT) != 0) die();
                      return ::open(path, flags, mode);
                    },
                .pwrite =
                    [](int fd, const void* from, std::size_t n, off_t at) {
                      die();
                      return ::pwrite(fd, from, n, at);
                    },
                .fsync =
                    [](int fd) {
                      die();
                      return ::fsync(fd);
                    },
                .exchange =
                    [](const char* a, const char* b) {
                      die();
                      return ::renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
                    }});
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
