// Python values as the views that emit takes. Text is not copied: it stays in the Python strings.
//
// A container of the caller may change while its values are viewed: Python code runs here (a
// collection of garbage, a codec, an odd key's __eq__) and while the core waits without the
// interpreter lock. So everything that is taken out of a container is held, from the moment it is
// seen, as long as the views. What the caller hands over as an argument it holds itself. Nothing
// here raises.
#pragma once

#include <Python.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

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

// References that are let go of together.
class Held {
 public:
  Held() noexcept {}
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  // One more reference to the object; throws std::bad_alloc when there is no room to keep it.
  void add(PyObject* object) {
    if (count_ < kRoom) {
      Py_INCREF(object);
      room_[count_++] = object;
    } else {
      add_more(object);
    }
  }

 private:
  // As many as a usual event has.
  static constexpr std::size_t kRoom = 48;
  void add_more(PyObject* object);

  std::size_t count_ = 0;
  std::array<PyObject*, kRoom> room_;  // left uninitialised beyond `count_`
  std::vector<PyObject*> more_;
};

class Fields {
 public:
  Fields() noexcept {}
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // An argument, which the caller holds.
  void add(std::string_view name, PyObject* argument) noexcept;
  // The items of a dict; anything else becomes a field that no catalog has.
  void add_all(PyObject* mapping) noexcept;

  // Bytes of a str that somebody holds, which the core finds to be no UTF-8 when it holds a lone
  // surrogate.
  [[nodiscard]] std::string_view text(PyObject* text) noexcept;

  // Keeps an object for as long as this. Throws std::bad_alloc.
  void hold(PyObject* object) { held_.add(object); }

  [[nodiscard]] std::span<const Field> view() const noexcept { return {room_.fields, count_}; }

 private:
  // Of an object that is seen in a container; and of one that is held.
  Value value(PyObject* object, int depth) noexcept;
  Value held_value(PyObject* object, int depth);
  PyObject* enum_value(PyObject* object);
  Value list(PyObject* object, int depth);
  Value dict(PyObject* object, int depth);

  // Left uninitialised beyond `count_`: clearing it would cost more than a usual event.
  union Room {
    Room() noexcept {}
    Field fields[kFieldsMax];
  } room_;
  std::size_t count_ = 0;
  std::size_t elements_ = 0;
  Held held_;
  std::array<std::byte, 2048> inline_;
  std::pmr::monotonic_buffer_resource pool_{inline_.data(), inline_.size()};
};

}  // namespace candor::python
