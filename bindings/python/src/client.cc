#include "client.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "../../quiet_thread.h"
#include "gil.h"

namespace candor::python {
namespace {

namespace py = pybind11;
using std::chrono::milliseconds;

// How late Ctrl-C may be during a flush.
constexpr milliseconds kSignalsEvery{50};

template <typename... Texts>
std::function<void(Texts...)> callback(py::handle function) {
  auto callable = std::make_shared<Callable>(function.ptr());
  return [callable](Texts... texts) { (*callable)({texts...}); };
}

template <typename T>
T choice(const std::map<std::string_view, T>& choices, const std::string& word) {
  const auto found = choices.find(word);
  if (found != choices.end()) return found->second;
  std::string text = "must be one of ";
  const char* comma = "";
  for (const auto& [name, unused] : choices) {
    text.append(comma).append(name);
    comma = ", ";
  }
  throw py::value_error(text);
}

SourceValue source(py::handle value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::int_>(value)) return value.cast<std::int64_t>();
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (!py::isinstance<py::str>(value)) throw py::cast_error();
  return value.cast<std::string>();
}

struct Opening {
  Options options;
  PyClient client;
};

using Setter = void (*)(Opening&, py::handle);

template <auto member>
void set(Opening& to, py::handle value) {
  using T = std::remove_reference_t<decltype(to.options.*member)>;
  to.options.*member = value.cast<T>();
}

template <typename Function>
struct Callback;
template <typename... Texts>
struct Callback<std::function<void(Texts...)>> {
  static std::function<void(Texts...)> of(py::handle function) {
    return callback<Texts...>(function);
  }
};

template <auto member>
void set_callback(Opening& to, py::handle value) {
  if (!PyCallable_Check(value.ptr())) throw py::value_error("must be callable");
  to.options.*member = Callback<std::remove_reference_t<decltype(to.options.*member)>>::of(value);
}

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> table = {
      {"catalog", &set<&Options::catalog>},
      {"catalog_text", &set<&Options::catalog_text>},
      {"product_version", &set<&Options::product_version>},
      {"runtime", &set<&Options::runtime>},
      {"runtime_version", &set<&Options::runtime_version>},
      {"home", &set<&Options::home>},
      {"distinct_id", &set<&Options::distinct_id>},
      {"project_dir", &set<&Options::project_dir>},
      {"policy_file", &set<&Options::policy_file>},
      {"secrets", &set<&Options::secrets>},
      {"flush_at", &set<&Options::flush_at>},
      {"flush_interval_ms", &set<&Options::flush_interval_ms>},
      {"max_retries", &set<&Options::max_retries>},
      {"request_timeout_ms", &set<&Options::request_timeout_ms>},
      {"spool_bytes_max", &set<&Options::spool_bytes_max>},
      {"spool_files_max", &set<&Options::spool_files_max>},
      {"spool_age_max_days", &set<&Options::spool_age_max_days>},
      {"upload_library", &set<&Options::upload_library>},
      {"uploader_program", &set<&Options::uploader_program>},
      {"log", &set_callback<&Options::log>},
      {"capture", &set_callback<&Options::capture>},
      {"capture_sender", &set_callback<&Options::capture_sender>},
      {"delivery",
       [](Opening& to, py::handle value) {
         to.options.delivery = choice<Delivery>({{"auto", Delivery::automatic},
                                                 {"background", Delivery::background},
                                                 {"detached", Delivery::detached},
                                                 {"manual", Delivery::manual}},
                                                value.cast<std::string>());
       }},
      {"compression",
       [](Opening& to, py::handle value) {
         to.options.compression = choice<Compression>({{"none", Compression::none},
                                                       {"gzip", Compression::gzip},
                                                       {"zstd", Compression::zstd}},
                                                      value.cast<std::string>());
       }},
      {"sources",
       [](Opening& to, py::handle value) {
         for (const auto& [name, given] : value.cast<py::dict>()) {
           if (given.is_none()) continue;
           to.options.sources[name.cast<std::string>()] = source(given);
         }
       }},
      {"strict", [](Opening& to, py::handle value) { to.client.strict = value.cast<bool>(); }},
      {"rejected_error",
       [](Opening& to, py::handle value) {
         to.client.rejected_error = py::reinterpret_borrow<py::object>(value);
       }},
  };
  return table;
}

void read(const py::kwargs& options, Opening& to) {
  for (const auto& [key, value] : options) {
    const auto name = key.cast<std::string>();
    const auto setter = setters().find(name);
    if (setter == setters().end()) throw py::type_error("candor.open has no option '" + name + "'");
    try {
      setter->second(to, value);
    } catch (const py::cast_error&) {
      throw py::type_error("candor.open: '" + name + "' has a wrong type or is out of range");
    } catch (const py::value_error& error) {
      throw py::value_error("candor.open: '" + name + "' " + error.what());
    }
  }
}

// Lets the lock go for the rare emit that waits for the disk. The core calls both on
// the emitting thread, which may have let it go already (in a flush, say).
void release_lock_while_waiting(Options& options) {
  static thread_local PyThreadState* waiting = nullptr;
  options.before_wait = [] {
    if (waiting == nullptr && PyGILState_Check() != 0) waiting = PyEval_SaveThread();
  };
  options.after_wait = [] {
    if (waiting != nullptr) retake(std::exchange(waiting, nullptr));
  };
}

milliseconds to_milliseconds(double seconds) {
  constexpr double kMost = std::numeric_limits<std::int32_t>::max();
  if (!(seconds > 0)) return milliseconds{0};  // not a number, too
  return milliseconds{static_cast<std::int64_t>(std::min(seconds * 1000, kMost))};
}

}  // namespace

Callable::~Callable() {
  if (Py_IsInitialized() == 0) return;
  Locked lock;
  Py_DECREF(function_);
}

void Callable::operator()(std::initializer_list<std::string_view> texts) const noexcept {
  if (Py_IsInitialized() == 0) return;
  Locked lock;
  PyObject* arguments = PyTuple_New(static_cast<Py_ssize_t>(texts.size()));
  Py_ssize_t at = 0;
  for (const std::string_view text : texts) {
    PyObject* argument =
        arguments == nullptr
            ? nullptr
            : PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
    if (argument == nullptr) Py_CLEAR(arguments);
    if (arguments != nullptr) PyTuple_SET_ITEM(arguments, at++, argument);
  }
  PyObject* result = arguments == nullptr ? nullptr : PyObject_CallObject(function_, arguments);
  Py_XDECREF(arguments);
  Py_XDECREF(result);
  if (result != nullptr) return;
  const bool interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
  PyErr_Clear();
  if (interrupted) PyErr_SetInterrupt();
}

PyClient::~PyClient() {
  if (!client) return;
  Unlocked unlocked;
  client.reset();
}

std::unique_ptr<PyClient> open(const py::kwargs& options) {
  Opening opening;
  opening.options.runtime = "python";
  read(options, opening);
  release_lock_while_waiting(opening.options);
  auto self = std::make_unique<PyClient>();
  self->strict = opening.client.strict;
  self->rejected_error = std::move(opening.client.rejected_error);
  self->accepted = py::cast(Outcome{});
  self->disabled = py::cast(Outcome{.result = Result::disabled});
  Unlocked unlocked;
  self->client = Client::open(std::move(opening.options));
  return self;
}

FlushResult flush(PyClient& self, double timeout_seconds) {
  const milliseconds timeout = to_milliseconds(timeout_seconds);
  struct Wait {
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    FlushResult result;
  };
  auto wait = std::make_shared<Wait>();
  try {
    // A thread of its own, because this one must look after signals. When Ctrl-C
    // comes it is left alone: it ends by its timeout, or when the client is closed.
    quiet_thread([wait, timeout, client = self.client] {
      FlushResult result = client->flush(timeout);
      const std::lock_guard lock(wait->mutex);
      wait->result = std::move(result);
      wait->done = true;
      wait->ended.notify_one();
    }).detach();
  } catch (const std::system_error&) {
    Unlocked unlocked;
    return self.client->flush(timeout);
  }
  for (;;) {
    {
      Unlocked unlocked;
      std::unique_lock lock(wait->mutex);
      if (wait->ended.wait_for(lock, kSignalsEvery, [&] { return wait->done; })) {
        return std::move(wait->result);
      }
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

std::string project_id(PyClient& self, py::handle directory) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(directory.ptr(), &converted) == 0) throw py::error_already_set();
  const std::string path = py::reinterpret_steal<py::bytes>(converted);
  Unlocked unlocked;
  return self.client->project_id(path);
}

void close(PyClient& self, double timeout_seconds) {
  const auto end = [&] {
    Unlocked unlocked;
    self.client->close();
  };
  try {
    if (timeout_seconds > 0) static_cast<void>(flush(self, timeout_seconds));
  } catch (py::error_already_set&) {
    end();
    throw;
  }
  end();
}

}  // namespace candor::python
