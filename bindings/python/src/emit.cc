// emit(event, mapping=None, /, *, timestamp=None, distinct_id=None, uuid=None, project_dir=None,
// project_id=None, **fields) and encode, which takes the same.
#include <array>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "client.h"
#include "convert.h"

namespace candor::python {
namespace {

namespace py = pybind11;

// One call's arguments, as the core takes them.
struct Arguments {
  std::string_view event;
  Fields fields;
  EmitOptions options;
};

// Milliseconds of an int or an aware datetime; nothing for another type.
std::optional<std::int64_t> timestamp_ms(PyObject* object) {
  if (PyLong_Check(object) && !PyBool_Check(object)) {
    int overflow = 0;
    const long long ms = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return ms;
    using Limits = std::numeric_limits<std::int64_t>;
    return overflow > 0 ? Limits::max() : Limits::min();
  }
  const py::object ms =
      py::module_::import("candor._timestamp").attr("milliseconds")(py::handle(object));
  if (ms.is_none()) return std::nullopt;
  return ms.cast<std::int64_t>();
}

void read_timestamp(PyObject* object, Arguments& to) noexcept {
  try {
    to.options.timestamp_ms = timestamp_ms(object);
  } catch (const std::exception&) {  // e.g. from the utcoffset of somebody's time zone
  }
  if (!to.options.timestamp_ms) to.options.wrong_type = "timestamp";
}

template <typename Text>
void read_text(PyObject* object, const char* name, Text& text, Arguments& to) noexcept {
  if (PyUnicode_Check(object)) {
    text = utf8(object);
  } else {
    to.options.wrong_type = name;
  }
}

// A path as os.fspath has it: a str, bytes, or an object that answers one of them.
void read_path(PyObject* object, const char* name, std::string_view& path, Arguments& to) noexcept {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(object, &bytes) == 0) {
    PyErr_Clear();
    to.options.wrong_type = name;
    return;
  }
  try {
    to.fields.hold(bytes);
    path = {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
  } catch (const std::bad_alloc&) { to.options.wrong_type = name; }
  Py_DECREF(bytes);
}

// Whether the keyword is one of emit's own options. Catalogs reserve these names.
bool read_option(std::string_view name, PyObject* object, Arguments& to) noexcept {
  if (name == "timestamp") {
    if (object != Py_None) read_timestamp(object, to);
  } else if (name == "distinct_id") {
    if (object != Py_None) read_text(object, "distinct_id", to.options.distinct_id, to);
  } else if (name == "uuid") {
    to.options.return_uuid = object == Py_True;
    if (object != Py_None && object != Py_True) read_text(object, "uuid", to.options.uuid, to);
  } else if (name == "project_dir") {
    if (object != Py_None) read_path(object, "project_dir", to.options.project_dir, to);
  } else if (name == "project_id") {
    if (object != Py_None) read_text(object, "project_id", to.options.project_id, to);
  } else {
    return false;
  }
  return true;
}

// A call that Python would call a TypeError becomes one that the core rejects
// and counts: telemetry never raises into its host.
void read(PyObject* const* args, Py_ssize_t positional, PyObject* keywords,
          Arguments& to) noexcept {
  if (positional > 0 && PyUnicode_Check(args[0])) to.event = utf8(args[0]);
  for (Py_ssize_t i = 1; i < positional; ++i) {
    if (args[i] != Py_None) to.fields.add_all(args[i]);
  }
  const Py_ssize_t count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < count; ++i) {
    const std::string_view name = to.fields.text(PyTuple_GET_ITEM(keywords, i));
    if (!read_option(name, args[positional + i], to)) to.fields.add(name, args[positional + i]);
  }
}

// Null before open has made it: Client.__new__ alone makes no client.
PyClient* client_of(PyObject* self) noexcept {
  // The class is final and made by pybind11, so the pointer is at the front.
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  auto* client = static_cast<PyClient*>(instance->simple_value_holder[0]);
  if (client == nullptr) PyErr_SetString(PyExc_TypeError, "use candor.open to make a client");
  return client;
}

PyObject* raise_rejected(const PyClient& self, const Arguments& arguments, const Outcome& outcome) {
  const py::str field(outcome.field.data(), outcome.field.size());
  // Cut short it may end within a character, and it may be no UTF-8 at all.
  const std::string_view event = arguments.event.substr(0, 128);
  const auto shown = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(event.data(), static_cast<Py_ssize_t>(event.size()), "replace"));
  if (!shown) return nullptr;
  const py::tuple what = py::make_tuple(shown, std::string(name(outcome.code)), field);
  PyErr_SetObject(self.rejected_error.ptr(), what.ptr());
  return nullptr;
}

PyObject* emit(PyObject* object, PyObject* const* args, Py_ssize_t positional,
               PyObject* keywords) noexcept {
  PyClient* self = client_of(object);
  if (self == nullptr) return nullptr;
  Arguments arguments;
  read(args, positional, keywords, arguments);
  try {
    Outcome outcome =
        self->client->emit(arguments.event, arguments.fields.view(), arguments.options);
    if (outcome.result == Result::accepted && outcome.uuid.empty()) {
      return Py_NewRef(self->accepted.ptr());
    }
    if (outcome.result == Result::disabled) return Py_NewRef(self->disabled.ptr());
    if (self->strict && outcome.result == Result::rejected) {
      return raise_rejected(*self, arguments, outcome);
    }
    return py::cast(std::move(outcome)).release().ptr();
  } catch (py::error_already_set& error) { error.restore(); } catch (const std::exception&) {
    PyErr_NoMemory();
  }
  return nullptr;
}

PyObject* encode(PyObject* object, PyObject* const* args, Py_ssize_t positional,
                 PyObject* keywords) noexcept {
  PyClient* self = client_of(object);
  if (self == nullptr) return nullptr;
  Arguments arguments;
  read(args, positional, keywords, arguments);
  try {
    std::string bytes;
    const Outcome outcome =
        self->client->encode(arguments.event, arguments.fields.view(), bytes, arguments.options);
    if (outcome.result == Result::accepted) return py::bytes(bytes).release().ptr();
    if (outcome.result == Result::rejected) return raise_rejected(*self, arguments, outcome);
    PyErr_SetString(PyExc_RuntimeError, "the client has no catalog; status().problem says why");
  } catch (py::error_already_set& error) { error.restore(); } catch (const std::exception&) {
    PyErr_NoMemory();
  }
  return nullptr;
}

template <typename Function>
PyMethodDef method(const char* name, Function function, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

}  // namespace

void add_emit(py::handle client_class) {
  // CPython keeps pointers to these for as long as the class lives.
  static std::array<PyMethodDef, 2> methods = {
      method("emit", &emit,
             "emit($self, event, mapping=None, /, *, timestamp=None, distinct_id=None, uuid=None, "
             "project_dir=None, project_id=None, **fields)\n--\n\n"
             "Hands over one event and answers an Outcome. Fields come as keywords, as a dict, or "
             "both.\nuuid: a lower-case UUID for the event; or True for a new one that the Outcome "
             "carries.\nNever raises, unless the client is strict and the event is rejected."),
      method("encode", &encode,
             "encode($self, event, mapping=None, /, *, timestamp=None, distinct_id=None, "
             "uuid=None, project_dir=None, project_id=None, **fields)\n--\n\n"
             "The event's canonical bytes, without keeping it. Raises RejectedError."),
  };
  for (PyMethodDef& one : methods) {
    auto* type = reinterpret_cast<PyTypeObject*>(client_class.ptr());
    const auto descriptor = py::reinterpret_steal<py::object>(PyDescr_NewMethod(type, &one));
    if (!descriptor) throw py::error_already_set();
    client_class.attr(one.ml_name) = descriptor;
  }
}

}  // namespace candor::python
