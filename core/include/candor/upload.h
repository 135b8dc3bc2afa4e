// The seam between emitting and uploading: a C table of functions, so that the
// part that links libcurl can be a library of its own, loaded only when an
// uploader starts. Link `candor::upload` and pass `&candor_upload` in
// Options::uploader, or let the client load `libcandor-upload` by itself.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "candor/export.h"

extern "C" {

typedef struct candor_uploader candor_uploader;

// What a flush did.
typedef struct candor_flush_result {
  uint64_t delivered;  // events that this uploader delivered since the call
  uint64_t refused;    // events that the server refused for good since the call
  int32_t complete;    // 1 when nothing is pending
  char why[256];       // why events wait or were refused, for people; "" when neither is so
} candor_flush_result;

// Raised by one with every change to this table or to the job's fields.
enum { CANDOR_UPLOAD_ABI = 2 };

// Threading: every function may be called from any thread; `stop` once.
// None throws, prints, installs a signal handler or touches process state.
typedef struct candor_upload_api {
  uint32_t abi;

  // Starts an uploader thread for one spool. `job` is JSON that the client writes; its
  // fields are private to the library. It is copied. `by_interval`: 1 when the thread also uploads
  // by itself, at every interval and wake, 0 when it does nothing but flush. Returns null when the
  // job can't be understood or no thread can be started.
  candor_uploader* (*start)(const char* job, size_t job_bytes, int32_t by_interval);

  // Says that flush_at events were emitted since the last call: don't wait for the interval.
  void (*wake)(candor_uploader*);

  // Tries now, without waiting for the interval, until nothing that was in the
  // spool at the call is pending, or a try failed for good, or timeout_ms passed.
  // `result` is always filled in. `asked`: 1 when a person or a program waits
  // for it, which passes our own back-off (never the server's Retry-After), 0 in the background.
  void (*flush)(candor_uploader*, int32_t timeout_ms, int32_t asked, candor_flush_result* result);

  // Cancels a request under way, and makes every flush, under way or later, return at once.
  void (*cancel)(candor_uploader*);

  // The same, then waits for the thread to end, and frees; nobody may be in `wake` or `flush`.
  // What was not settled stays in the spool. Takes milliseconds, whatever the server does; a
  // thread that hangs all the same, on a lock of the host's, is left behind after a second.
  void (*stop)(candor_uploader*);
} candor_upload_api;

CANDOR_EXPORT extern const candor_upload_api candor_upload;

}  // extern "C"
