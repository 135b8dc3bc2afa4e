// candor._core: the core as Python sees it. Converts, calls, maps errors; the manners
// are in ../candor, and the signatures in ../candor/_core.pyi.
#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "candor/status.h"
#include "candor/version.h"
#include "client.h"
#include "gil.h"

namespace candor::python {
namespace {

namespace py = pybind11;

// None unless there is something to say.
template <typename T>
py::object name_or_none(T value) {
  if (value == T::none) return py::none();
  const std::string_view text = name(value);
  return py::str(text.data(), text.size());
}

void add_outcome(py::module_& m) {
  py::class_<Outcome>(m, "Outcome", py::is_final())
      .def_property_readonly("result", [](const Outcome& o) { return name(o.result); })
      .def_property_readonly("code", [](const Outcome& o) { return name_or_none(o.code); })
      .def_property_readonly("reason", [](const Outcome& o) { return name_or_none(o.reason); })
      .def_property_readonly("field",
                             [](const Outcome& o) -> py::object {
                               if (o.field.empty()) return py::none();
                               return py::str(o.field);
                             })
      .def_property_readonly("uuid",
                             [](const Outcome& o) -> py::object {
                               if (o.uuid.empty()) return py::none();
                               return py::str(o.uuid);
                             })
      .def("__bool__", [](const Outcome& o) { return o.result == Result::accepted; })
      .def("__repr__", [](const Outcome& o) {
        std::string text = "<candor.Outcome ";
        text += name(o.result);
        if (o.code != Code::none) text.append(" ").append(name(o.code));
        if (o.reason != Reason::none) text.append(" ").append(name(o.reason));
        if (!o.field.empty()) text.append(" ").append(o.field);
        return text + ">";
      });
}

void add_flush_result(py::module_& m) {
  py::class_<FlushResult>(m, "FlushResult", py::is_final())
      .def_readonly("complete", &FlushResult::complete)
      .def_readonly("delivered", &FlushResult::delivered)
      .def_readonly("refused", &FlushResult::refused)
      .def_readonly("waiting", &FlushResult::waiting)
      .def_readonly("why", &FlushResult::why)
      .def("__bool__", [](const FlushResult& r) { return r.complete; })
      .def("__repr__", [](const FlushResult& r) {
        return "<candor.FlushResult delivered " + std::to_string(r.delivered) + ", refused " +
               std::to_string(r.refused) + ", waiting " + std::to_string(r.waiting) +
               (r.why.empty() ? "" : ": " + r.why) + ">";
      });
}

void add_status(py::module_& m) {
  py::class_<Status>(m, "Status", py::is_final())
      .def_readonly("enabled", &Status::enabled)
      .def_readonly("rule", &Status::rule)
      .def_readonly("explanation", &Status::explanation)
      .def_readonly("install_id", &Status::install_id)
      .def_readonly("identity_file", &Status::identity_file)
      .def_readonly("spool_dir", &Status::spool_dir)
      .def_readonly("endpoint", &Status::endpoint)
      .def_readonly("endpoint_insecure", &Status::endpoint_insecure)
      .def_readonly("notice_shown", &Status::notice_shown)
      .def_readonly("upload", &Status::upload)
      .def_readonly("problem", &Status::problem)
      .def("__repr__",
           [](const Status& s) { return "<candor.Status " + s.rule + ": " + s.explanation + ">"; });
}

py::dict to_dict(const Counts& counts) {
  py::dict dropped;
  for (const OutcomeRow& row : kOutcomes) {
    const std::uint64_t n = counts.by_number[row.number];
    if (row.kind != OutcomeKind::state && n != 0) dropped[py::str(row.name)] = n;
  }
  py::dict dict;
  dict["captured"] = counts.captured();
  dict["delivered"] = counts.delivered();
  dict["pending"] = counts.pending();
  dict["dropped"] = std::move(dropped);
  return dict;
}

py::dict to_dict(const Ledger& ledger) {
  py::dict events;
  for (const auto& [event, counts] : ledger.events) events[py::str(event)] = to_dict(counts);
  py::dict spool;
  spool["bytes"] = ledger.spool.bytes;
  spool["segments"] = ledger.spool.segments;
  py::dict dict;
  dict["events"] = std::move(events);
  dict["total"] = to_dict(ledger.total);
  dict["spool"] = std::move(spool);
  return dict;
}

template <Status (Client::*choice)()>
Status choose(const PyClient& self) {
  Unlocked unlocked;
  return (self.client.get()->*choice)();
}

void add_client(py::module_& m) {
  auto client =
      py::class_<PyClient>(m, "Client", py::is_final())
          .def(
              "flush", &flush, py::arg("timeout") = 5.0,
              "Uploads what waits, for at most timeout seconds. The answer is true when nothing is "
              "left that may be sent.")
          .def("close", &close, py::arg("timeout") = 0.0,
               "Ends the client; what waits stays in the spool. With a timeout, flushes first.")
          .def(
              "stats",
              [](const PyClient& self) {
                Ledger ledger;
                {
                  Unlocked unlocked;
                  ledger = self.client->stats();
                }
                return to_dict(ledger);
              },
              "The ledger of this spool, over all processes and since its beginning.")
          .def(
              "status",
              [](const PyClient& self) {
                Unlocked unlocked;
                return self.client->status();
              },
              "Reads consent anew and explains it.")
          .def("enable", &choose<&Client::enable>,
               "Writes that the user wants telemetry, and answers what holds now.")
          .def("disable", &choose<&Client::disable>,
               "Writes that the user wants no telemetry, and deletes what waits.")
          .def(
              "project_id", &project_id, py::arg("directory"),
              "The id that events of a project are sent under: emit's project_id. Empty while off.")
          .def_property_readonly("first_run",
                                 [](const PyClient& self) { return self.client->first_run(); })
          .def("__enter__", [](py::object self) { return self; })
          .def("__exit__", [](PyClient& self, const py::args&) { close(self, 0); });
  add_emit(client);
}

// The module that was filled, for ever: when it is imported again (after it was taken out of
// sys.modules), its classes are registered already.
PyObject* filled = nullptr;

void fill(py::module_ m) {
  m.attr("__version__") = kVersion;
  add_outcome(m);
  add_flush_result(m);
  add_status(m);
  add_client(m);
  m.def("open", &open);
}

int execute(PyObject* module) noexcept {
  // Threads of the core come for the interpreter lock with PyGILState, which knows the main
  // interpreter only: in another one they, and the import itself, would wait for ever.
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError, "candor can't be imported in a subinterpreter");
    return -1;
  }
  if (filled != nullptr) {
    return PyDict_Merge(PyModule_GetDict(module), PyModule_GetDict(filled), /*override=*/0);
  }
  try {
    PYBIND11_ENSURE_INTERNALS_READY
    fill(py::reinterpret_borrow<py::module_>(module));
    filled = Py_NewRef(module);
    return 0;
  }
  PYBIND11_CATCH_INIT_EXCEPTIONS
  return -1;
}

}  // namespace

// Not PYBIND11_MODULE, which hangs in a subinterpreter before it asks whether it is in one.
PYBIND11_PLUGIN_IMPL(_core) {
  PYBIND11_CHECK_PYTHON_VERSION
  static PyModuleDef_Slot slots[] = {
      {Py_mod_exec, reinterpret_cast<void*>(&execute)},
#ifdef Py_mod_multiple_interpreters
      {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
      {0, nullptr}};
  static PyModuleDef definition = {
      PyModuleDef_HEAD_INIT, "_core", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};
  return PyModuleDef_Init(&definition);
}

}  // namespace candor::python
