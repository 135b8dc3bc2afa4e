// Python values as the views that emit takes. Text is not copied: it stays in
// the Python strings, which the caller of emit keeps alive. Nothing here raises,
// and no Python code runs.
#pragma once

#include <Python.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string_view>

#include "candor/event.h"

namespace candor::python {

// One more than a catalog's event can have: the core finds an unknown or a
// duplicate among so many, so the rest need not be handed over.
inline constexpr std::size_t kFieldsMax = 129;
// Nesting beyond what a catalog can describe is `unsupported`.
inline constexpr int kDepthMax = 33;
// One more than an array or map can have; the core finds too many among so many.
inline constexpr std::size_t kContainerMax = 10'001;
// Elements of all containers of one event. One that would go beyond is `unsupported`: there may be
// absent ones among them, so that the event is not too large in any case.
inline constexpr std::size_t kElementsMax = std::size_t{1} << 19;

// UTF-8 of a str; bytes that are not UTF-8 when it holds a lone surrogate.
[[nodiscard]] std::string_view utf8(PyObject* text) noexcept;

class Fields {
 public:
  Fields() noexcept {}
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // A name that is no str becomes "", which no catalog has.
  void add(std::string_view name, PyObject* value) noexcept;
  // The items of a dict; anything else becomes a field that no catalog has.
  void add_all(PyObject* mapping) noexcept;

  // Bytes of a str, which the core finds to be no UTF-8 when it holds a lone surrogate.
  [[nodiscard]] std::string_view text(PyObject* text) noexcept;

  [[nodiscard]] std::span<const Field> view() const noexcept { return {room_.fields, count_}; }

 private:
  Value value(PyObject* object, int depth) noexcept;
  Value container(PyObject* object, int depth);

  // Left uninitialised beyond `count_`: clearing it would cost more than a usual event.
  union Room {
    Room() noexcept {}
    Field fields[kFieldsMax];
  } room_;
  std::size_t count_ = 0;
  std::size_t elements_ = 0;
  std::array<std::byte, 2048> inline_;
  std::pmr::monotonic_buffer_resource pool_{inline_.data(), inline_.size()};
};

}  // namespace candor::python
