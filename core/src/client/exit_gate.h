// Keeps a process from ending while one of its threads loads the upload part: exit destroys the
// libraries that the thread is initialising.
#pragma once

namespace candor::client {

// Lives while a thread loads the upload part and starts an uploader. Exit waits for it, for some
// seconds at most: the thread may need the loader's lock, which a caller of exit can hold.
class ExitGate {
 public:
  ExitGate() noexcept;
  ~ExitGate();
  ExitGate(const ExitGate&) = delete;
  ExitGate& operator=(const ExitGate&) = delete;
  // False when the process is ending: nothing may be loaded any more.
  [[nodiscard]] bool passed() const noexcept { return passed_; }

 private:
  bool passed_ = false;
};

}  // namespace candor::client
