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

// What is converted at a glance, and viewed no more.
bool holds_nothing(PyObject* object) noexcept {
  return PyLong_CheckExact(object) || PyFloat_CheckExact(object) || PyBool_Check(object) ||
         object == Py_None;
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

Held::~Held() {
  // Whatever ends with its last reference may run code, which finds no view any more.
  for (std::size_t i = 0; i < count_; ++i) Py_DECREF(room_[i]);
  for (PyObject* object : more_) Py_DECREF(object);
}

void Held::add_more(PyObject* object) {
  more_.push_back(object);
  Py_INCREF(object);
}

Value Fields::value(PyObject* object, int depth) noexcept try {
  if (!holds_nothing(object)) hold(object);
  return held_value(object, depth);
} catch (const std::bad_alloc&) { return Value::unsupported(); }

Value Fields::held_value(PyObject* object, int depth) {
  if (PyUnicode_Check(object)) return Value(text(object));
  if (PyBool_Check(object)) return Value(object == Py_True);
  if (PyLong_Check(object)) return number(object);
  if (PyFloat_Check(object)) return Value(PyFloat_AS_DOUBLE(object));
  if (object == Py_None) return Value();
  if (depth >= kDepthMax) return Value::unsupported();
  if (PyDict_Check(object)) return dict(object, depth);
  if (PyList_Check(object) || PyTuple_Check(object)) return list(object, depth);
  PyObject* const inner = enum_value(object);
  return inner == nullptr ? Value::unsupported() : value(inner, depth + 1);
}

// The value of an enum.Enum member; null for anything else. Looks only into the member's own
// dictionary.
PyObject* Fields::enum_value(PyObject* object) {
  // A program that never imported enum has no members.
  PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "enum");
  if (module == nullptr || !PyModule_Check(module)) return nullptr;
  hold(module);
  PyObject* const base = PyDict_GetItemString(PyModule_GetDict(module), "Enum");
  if (base == nullptr || !PyType_Check(base) ||
      !PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(base))) {
    return nullptr;
  }
  PyObject* const attributes = PyObject_GenericGetDict(object, nullptr);
  if (attributes == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  PyObject* const inner = PyDict_GetItemString(attributes, "_value_");
  if (inner != nullptr) hold(inner);
  Py_DECREF(attributes);
  return inner;
}

Value Fields::list(PyObject* object, int depth) {
  const auto length = [object] {
    return static_cast<std::size_t>(PySequence_Fast_GET_SIZE(object));
  };
  const std::size_t size = std::min(length(), kContainerMax);
  if (size > kElementsMax - elements_) return Value::unsupported();
  elements_ += size;
  auto* items = static_cast<Value*>(pool_.allocate(size * sizeof(Value), alignof(Value)));
  std::size_t count = 0;
  // A list may have become shorter.
  for (; count < size && count < length(); ++count) {
    PyObject* item = PySequence_Fast_GET_ITEM(object, static_cast<Py_ssize_t>(count));
    new (&items[count]) Value(value(item, depth + 1));
  }
  return Value::array(items, count);
}

Value Fields::dict(PyObject* object, int depth) {
  const std::size_t size = std::min(static_cast<std::size_t>(PyDict_Size(object)), kContainerMax);
  if (size > kElementsMax - elements_) return Value::unsupported();
  elements_ += size;
  auto* entries = static_cast<Field*>(pool_.allocate(size * sizeof(Field), alignof(Field)));
  std::size_t count = 0;
  Py_ssize_t at = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  for (; count < size && PyDict_Next(object, &at, &key, &item); ++count) {
    if (!PyUnicode_Check(key)) return Value::unsupported();
    hold(key);
    const Value of_item = value(item, depth + 1);
    new (&entries[count]) Field{text(key), of_item};
  }
  return Value::object(entries, count);
}

void Fields::add(std::string_view name, PyObject* argument) noexcept {
  if (count_ == kFieldsMax) return;
  Value of_argument = Value::unsupported();
  try {
    of_argument = held_value(argument, 0);
  } catch (const std::bad_alloc&) {
    // Then it is `unsupported`.
  }
  new (&room_.fields[count_++]) Field{name, of_argument};
}

void Fields::add_all(PyObject* mapping) noexcept try {
  if (!PyDict_Check(mapping)) {
    add("", mapping);
    return;
  }
  Py_ssize_t at = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  while (count_ < kFieldsMax && PyDict_Next(mapping, &at, &key, &item)) {
    const bool named = PyUnicode_Check(key);
    if (named) hold(key);
    const Value of_item = value(item, 0);
    new (&room_.fields[count_++]) Field{named ? text(key) : std::string_view(), of_item};
  }
} catch (const std::bad_alloc&) {
  new (&room_.fields[count_ < kFieldsMax ? count_++ : 0]) Field{"", Value::unsupported()};
}

}  // namespace candor::python
