// Starts an uploader that outlives this process: the `candor` program, in a session of its own.
#pragma once

#include <cstdint>
#include <string>

namespace candor::client {

struct DetachPlan {
  std::string program;  // the `candor` program; empty: the one installed with this code
  std::string job;      // handed over on its standard input
  std::string spool_dir;
  std::uint32_t interval_ms = 10'000;
};

// Starts it, unless any process did within the interval. Takes well under a millisecond, never
// waits for it, and leaves the host neither a child to reap nor a SIGCHLD. True when started; never
// in a process that inherits orphans (process 1 of a container, a subreaper).
//
// The one that was started stays until its interval is over and then looks once more, so
// an event that was refused a process of its own here is still uploaded in seconds.
bool start_detached(const DetachPlan& plan) noexcept;

// The file in the spool directory whose time of change is the last start.
inline constexpr char kDetachedStamp[] = "detached";

}  // namespace candor::client
