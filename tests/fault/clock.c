/* Preloaded under a victim: wall time is moved by the seconds in CLOCK_OFFSET_S, monotonic time is not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int answer = real(clock, now);
  const char* offset = getenv("CLOCK_OFFSET_S");
  if (answer == 0 && clock == CLOCK_REALTIME && offset != NULL) now->tv_sec += atol(offset);
  return answer;
}
