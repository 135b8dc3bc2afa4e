// Checks values against their compiled shapes and writes their canonical bytes
// in the same pass.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "candor/event.h"
#include "candor/outcome.h"
#include "event/buffer.h"
#include "event/plan.h"
#include "redact/redact.h"

namespace candor::event {

// An offending field's path is cut to this.
inline constexpr std::size_t kPathBytesMax = 128;

class Writer {
 public:
  // Writes behind what `out` holds already.
  Writer(Buffer& out, const redact::Redactor& redactor) noexcept
      : out_(out), redactor_(redactor), start_(out.size()) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Each answers Code::none, or why not; then `path` says where.
  Code value(const Node& node, const Value& value);
  // The members of an object without its braces, each behind a comma but the first.
  Code members(const std::vector<Member>& members, std::span<const Field> fields, bool first);

  void put(std::string_view bytes) noexcept;
  // As Buffer::reserve. Null when the event outgrows its limit; then the writer only
  // checks, so that an error in the data is still told.
  [[nodiscard]] char* room(std::size_t n) noexcept;
  void advance(std::size_t n) noexcept { out_.advance(n); }

  // Something did not fit: what was written is not whole.
  [[nodiscard]] bool spilled() const noexcept { return spilled_; }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size() - start_; }
  // The offending field: `connectors[2].driver`, `flags[]` for an entry of a map (whose
  // keys are data). Empty when the root value itself is at fault.
  [[nodiscard]] std::string path() const;

 private:
  Code boolean(const Value& value) noexcept;
  Code integer(const Node& node, const Value& value) noexcept;
  Code number(const Node& node, const Value& value) noexcept;
  Code string(const Node& node, const Value& value);
  Code enumeration(const Node& node, const Value& value) noexcept;
  Code array(const Node& node, const Value& value);
  Code map(const Node& node, const Value& value);
  Code object(const Node& node, const Value& value);

  void put_integer(std::int64_t value) noexcept;
  void put_escaped(std::string_view text) noexcept;
  // Puts `name` in front of the path.
  Code at(Code code, std::string_view name);

  Buffer& out_;
  const redact::Redactor& redactor_;
  const std::size_t start_;
  bool spilled_ = false;
  std::string path_;  // with a dot before each name
};

}  // namespace candor::event
