// The spool's set-aside file: the last events that the server refused, for the maintainer who
// wonders why. Canonical bytes, an event a line, oldest first. A purge removes it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace candor::upload {

// Beyond this the oldest lines go; an event that alone is larger is not kept.
inline constexpr std::size_t kRefusedBytesMax = 256 * 1024;

// By the one process that uploads. Should the disk refuse, the events are only counted.
void keep_refused(const std::string& spool_dir, std::span<const std::string_view> events);

}  // namespace candor::upload
