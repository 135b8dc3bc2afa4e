#include "convert.h"

#include <algorithm>
#include <limits>
#include <new>

namespace candor::python {
namespace {

constexpr std::string_view kNotUtf8 = "\xed\xa0\x80";

Value number(PyObject* object) noexcept {
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow == 0) return Value(small);
  // Beyond 64 bits: the nearest double, or an infinity beyond all of them.
  const double large = PyLong_AsDouble(object);
  if (!PyErr_Occurred()) return Value(large);
  PyErr_Clear();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return Value(overflow > 0 ? kInfinity : -kInfinity);
}

// The value of an enum.Enum member, borrowed from it; null for anything else.
// Asks only the member's own dictionary.
PyObject* enum_value(PyObject* object) noexcept {
  // A program that never imported enum has no members.
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "enum");
  if (module == nullptr || !PyModule_Check(module)) return nullptr;
  PyObject* base = PyDict_GetItemString(PyModule_GetDict(module), "Enum");
  if (base == nullptr || !PyType_Check(base) ||
      !PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(base))) {
    return nullptr;
  }
  PyObject* attributes = PyObject_GenericGetDict(object, nullptr);
  if (attributes == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  PyObject* inner = PyDict_GetItemString(attributes, "_value_");
  Py_DECREF(attributes);  // the member holds it
  return inner;
}

}  // namespace

std::string_view utf8(PyObject* text) noexcept {
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text, &size);
  if (bytes == nullptr) {
    PyErr_Clear();
    return kNotUtf8;
  }
  return {bytes, static_cast<std::size_t>(size)};
}

std::string_view Fields::text(PyObject* text) noexcept {
  Py_ssize_t size = 0;
  if (const char* bytes = PyUnicode_AsUTF8AndSize(text, &size)) {
    return {bytes, static_cast<std::size_t>(size)};
  }
  PyErr_Clear();
  PyObject* encoded = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
  if (encoded == nullptr) {
    PyErr_Clear();
    return kNotUtf8;
  }
  std::string_view kept = kNotUtf8;
  try {
    const auto count = static_cast<std::size_t>(PyBytes_GET_SIZE(encoded));
    auto* const room = static_cast<char*>(pool_.allocate(count, 1));
    std::copy_n(PyBytes_AS_STRING(encoded), count, room);
    kept = {room, count};
  } catch (const std::bad_alloc&) {
    // Any other bytes that are no UTF-8 will do.
  }
  Py_DECREF(encoded);
  return kept;
}

Value Fields::value(PyObject* object, int depth) noexcept {
  if (PyUnicode_Check(object)) return Value(text(object));
  if (PyBool_Check(object)) return Value(object == Py_True);
  if (PyLong_Check(object)) return number(object);
  if (PyFloat_Check(object)) return Value(PyFloat_AS_DOUBLE(object));
  if (object == Py_None) return Value();
  if (depth >= kDepthMax) return Value::unsupported();
  if (PyList_Check(object) || PyTuple_Check(object) || PyDict_Check(object)) {
    try {
      return container(object, depth);
    } catch (const std::bad_alloc&) { return Value::unsupported(); }
  }
  if (PyObject* inner = enum_value(object)) return value(inner, depth + 1);
  return Value::unsupported();
}

Value Fields::container(PyObject* object, int depth) {
  const bool map = PyDict_Check(object);
  std::size_t size =
      static_cast<std::size_t>(map ? PyDict_Size(object) : PySequence_Fast_GET_SIZE(object));
  size = std::min(size, kContainerMax);
  if (size > kElementsMax - elements_) return Value::unsupported();
  elements_ += size;
  if (!map) {
    auto* items = static_cast<Value*>(pool_.allocate(size * sizeof(Value), alignof(Value)));
    for (std::size_t i = 0; i < size; ++i) {
      PyObject* item = PySequence_Fast_GET_ITEM(object, static_cast<Py_ssize_t>(i));
      new (&items[i]) Value(value(item, depth + 1));
    }
    return Value::array(items, size);
  }
  auto* entries = static_cast<Field*>(pool_.allocate(size * sizeof(Field), alignof(Field)));
  Py_ssize_t at = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  for (std::size_t i = 0; i < size && PyDict_Next(object, &at, &key, &item); ++i) {
    if (!PyUnicode_Check(key)) return Value::unsupported();
    new (&entries[i]) Field{text(key), value(item, depth + 1)};
  }
  return Value::object(entries, size);
}

void Fields::add(std::string_view name, PyObject* object) noexcept {
  if (count_ == kFieldsMax) return;
  new (&room_.fields[count_++]) Field{name, value(object, 0)};
}

void Fields::add_all(PyObject* mapping) noexcept {
  if (!PyDict_Check(mapping)) {
    add("", mapping);
    return;
  }
  Py_ssize_t at = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  while (count_ < kFieldsMax && PyDict_Next(mapping, &at, &key, &item)) {
    add(PyUnicode_Check(key) ? text(key) : std::string_view(), item);
  }
}

}  // namespace candor::python
