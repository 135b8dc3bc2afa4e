// Where this thread may wait for the disk. A binding lets its interpreter lock go there.
#pragma once

#include <functional>

#include "platform/guest.h"

namespace candor {

// Run around work that may wait; both or neither.
struct WaitHooks {
  std::function<void()> before, after;
};

// The hooks run once for each stretch of waiting, not again for a stretch within another.
class Waiting {
 public:
  explicit Waiting(const WaitHooks& hooks) noexcept : hooks_(hooks) {
    if (depth()++ == 0 && hooks_.before) hooks_.before();
  }
  ~Waiting() {
    if (--depth() == 0 && hooks_.after) hooks_.after();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  static int& depth() noexcept {
    static constinit thread_local int nested = 0;
    return nested;
  }

  const CancellationDeferred uncancelled_;
  const WaitHooks& hooks_;
};

}  // namespace candor
