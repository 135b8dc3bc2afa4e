#include "upload/refused.h"

#include "platform/file.h"
#include "spool/spool.h"

namespace candor::upload {
namespace {

std::string path_in(const std::string& spool_dir) { return spool_dir + "/" + spool::kSetAsideFile; }

}  // namespace

void keep_refused(const std::string& spool_dir, std::span<const std::string_view> events) {
  std::string added;
  for (const std::string_view event : events) {
    if (event.size() + 1 <= kRefusedBytesMax) added.append(event).push_back('\n');
  }
  if (added.empty()) return;
  const std::string path = path_in(spool_dir);
  std::string text;
  if (auto kept = file::read_own(path, kRefusedBytesMax)) text = std::move(*kept);
  text.append(added);
  if (text.size() > kRefusedBytesMax) {
    const std::size_t end_of_line = text.find('\n', text.size() - kRefusedBytesMax - 1);
    text.erase(0, end_of_line + 1);
  }
  static_cast<void>(file::write_atomic(path, text));
}

}  // namespace candor::upload
