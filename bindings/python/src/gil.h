// The interpreter lock: let go of around work that may wait.
#pragma once

#include <Python.h>
#include <unistd.h>

namespace candor::python {

// A thread that wants the lock while the interpreter is ending is unwound by CPython
// (before 3.14), and at the first noexcept function on its way the whole process would
// be aborted. Such a thread waits here for the process to end.
[[noreturn]] inline void park() noexcept {
  for (;;) pause();
}

inline void retake(PyThreadState* thread) noexcept {
  try {
    PyEval_RestoreThread(thread);
  } catch (...) { park(); }
}

inline PyGILState_STATE ensure() noexcept {
  try {
    return PyGILState_Ensure();
  } catch (...) { park(); }
}

class Unlocked {
 public:
  Unlocked() noexcept : thread_(PyEval_SaveThread()) {}
  ~Unlocked() { retake(thread_); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* thread_;
};

// Holds the lock, on any thread, whether or not it held it before.
class Locked {
 public:
  Locked() noexcept : state_(ensure()) {}
  ~Locked() { PyGILState_Release(state_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace candor::python
