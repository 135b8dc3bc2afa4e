// How ktx uses candor: the client, the span of one command, and the outcome of
// one piece of work.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "candor/client.h"
#include "project.h"

namespace ktx {

extern const char kCatalog[];

// Absent when empty. The text must outlive the value.
[[nodiscard]] inline candor::Value text_or_null(std::string_view text) {
  return text.empty() ? candor::Value() : candor::Value(text);
}

inline constexpr char kVersion[] = "0.4.0";

// Opens the client and says install_first_run where this is the first run.
[[nodiscard]] std::unique_ptr<candor::Client> open_telemetry(const Project& project);

// Thrown where a command notices that a signal asked it to stop.
struct Interrupted {};

class Stopwatch {
 public:
  [[nodiscard]] double ms() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Runs some work and holds how it went, so that an event can say so before the
// failure goes on its way.
class Attempt {
 public:
  template <typename Work>
  explicit Attempt(Work work) {
    const Stopwatch watch;
    try {
      work();
    } catch (...) {
      error_ = std::current_exception();
      describe();
    }
    ms_ = watch.ms();
  }
  [[nodiscard]] candor::Value outcome() const { return error_ ? "error" : "ok"; }
  [[nodiscard]] candor::Value duration_ms() const { return ms_; }
  // Absent when all went well.
  [[nodiscard]] candor::Value error_class() const { return text_or_null(kind_); }
  [[nodiscard]] candor::Value error_detail() const { return text_or_null(detail_); }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void describe();
  double ms_ = 0;
  std::exception_ptr error_;
  std::string kind_, detail_;
};

// One run of one command. Begins before its action and says exactly one `command` event, when
// it ends or at the latest when it is destroyed.
class CommandSpan {
 public:
  CommandSpan(candor::Client& telemetry, std::vector<std::string> path,
              std::vector<std::string> flags, bool has_project)
      : telemetry_(telemetry),
        path_(std::move(path)),
        flags_(std::move(flags)),
        has_project_(has_project) {}
  ~CommandSpan() { end("aborted"); }
  CommandSpan(const CommandSpan&) = delete;
  CommandSpan& operator=(const CommandSpan&) = delete;

  void ok() { end("ok"); }
  void aborted() { end("aborted"); }
  // Without a detail where that could be the user's.
  void error(std::string_view kind, std::string_view detail = {}) { end("error", kind, detail); }

 private:
  void end(std::string_view outcome, std::string_view kind = {}, std::string_view detail = {});
  candor::Client& telemetry_;
  std::vector<std::string> path_, flags_;
  bool has_project_;
  bool ended_ = false;
  Stopwatch watch_;
};

}  // namespace ktx
