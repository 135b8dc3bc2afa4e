// libcurl makes a pair of sockets to wake a transfer with, and older versions leave them open for
// every program that the host starts.
#pragma once

namespace candor::transport {

// Marks the sockets that wake this handle, a CURLM, as close-on-exec. No transfer may be under way.
void close_wakeup_on_exec(void* multi) noexcept;

}  // namespace candor::transport
