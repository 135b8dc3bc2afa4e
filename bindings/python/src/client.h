// A client as Python holds it.
#pragma once

#include <pybind11/pybind11.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "candor/client.h"

namespace candor::python {

// A Python callable that C++ may call and drop on any thread.
class Callable {
 public:
  explicit Callable(PyObject* function) noexcept : function_(Py_NewRef(function)) {}
  ~Callable();
  Callable(const Callable&) = delete;
  Callable& operator=(const Callable&) = delete;

  // Calls it with a str for each text. What it raises is dropped, but a Ctrl-C that
  // arrived meanwhile stays pending.
  void operator()(std::initializer_list<std::string_view> texts) const noexcept;

 private:
  PyObject* function_;
};

struct PyClient {
  // Shared with the thread of an interrupted flush, which may outlive this.
  std::shared_ptr<Client> client;
  // Made once, because nearly every emit answers one of them.
  pybind11::object accepted, disabled;
  // What a rejection raises: type(event, code, field).
  pybind11::object rejected_error;
  bool strict = false;

  ~PyClient();
};

// Keyword options by the names of candor::Options, and `strict`, `rejected_error`.
[[nodiscard]] std::unique_ptr<PyClient> open(const pybind11::kwargs& options);

// Adds emit and encode to the class. They are plain C methods, because a
// pybind11 function would build a dict of the keywords for every event.
void add_emit(pybind11::handle client_class);

// Waits with the interpreter lock let go; Ctrl-C ends the wait.
[[nodiscard]] FlushResult flush(PyClient& self, double timeout_seconds);
void close(PyClient& self, double timeout_seconds);

[[nodiscard]] std::string project_id(PyClient& self, pybind11::handle directory);

}  // namespace candor::python
