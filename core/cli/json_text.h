// JSON text as candor values. Emit must judge what the caller wrote, so nothing
// is mended or lost on the way, which is why no JSON library reads this: a name
// given twice stays twice, the escape of a lone surrogate becomes the bytes that
// emit rejects as invalid_utf8, 1e400 becomes an infinity, and an integer beyond
// 64 bits the nearest double.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "candor/event.h"

namespace candor::cli {

class JsonText {
 public:
  static constexpr std::size_t kDepthMax = 64;
  static constexpr std::size_t kValuesMax =
      1u << 19;  // of one text; each is 2 bytes or more of an event

  JsonText() = default;
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;

  // Reads one JSON value (RFC 8259, but for the encoding of strings) and nothing
  // after it. What it returns points into `text` and into this object, until the
  // next parse. Errors name the column and never quote the text.
  [[nodiscard]] Expected<Value> parse(std::string_view text);

 private:
  struct Cursor;
  // What parsed values point to; a deque moves none of its elements when it grows.
  std::deque<std::string> strings_;
  std::deque<std::vector<Value>> arrays_;
  std::deque<std::vector<Field>> objects_;
};

}  // namespace candor::cli
