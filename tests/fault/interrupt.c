/* Preloaded under a victim: every system call that may wait for a file fails with EINTR at each second
 * try, as if a signal had come. Writes at the end how often each did, to the file INTERRUPT_REPORT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/types.h>

enum { OPEN, READ, WRITE, ALLOCATE, FLOCK, CALLS };
static const char* const names[CALLS] = {"open", "read", "write", "allocate", "flock"};
static atomic_uint tries[CALLS];

static int interrupted(int call) { return atomic_fetch_add(&tries[call], 1) % 2 == 0; }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN_AS(name)                                  \
  int name(const char* path, int flags, ...) {         \
    va_list rest;                                      \
    va_start(rest, flags);                             \
    const mode_t mode = (mode_t)va_arg(rest, int);     \
    va_end(rest);                                      \
    if (interrupted(OPEN)) {                           \
      errno = EINTR;                                   \
      return -1;                                       \
    }                                                  \
    return REAL(name)(path, flags, mode);              \
  }
OPEN_AS(open)
OPEN_AS(open64)

#define READ_AS(name, offset)                                \
  ssize_t name(int fd, void* to, size_t n, offset at) {      \
    if (interrupted(READ)) {                                 \
      errno = EINTR;                                         \
      return -1;                                             \
    }                                                        \
    return REAL(name)(fd, to, n, at);                        \
  }
READ_AS(pread, off_t)
READ_AS(pread64, off64_t)

#define WRITE_AS(name, offset)                                    \
  ssize_t name(int fd, const void* from, size_t n, offset at) {   \
    if (interrupted(WRITE)) {                                     \
      errno = EINTR;                                              \
      return -1;                                                  \
    }                                                             \
    return REAL(name)(fd, from, n, at);                           \
  }
WRITE_AS(pwrite, off_t)
WRITE_AS(pwrite64, off64_t)

int posix_fallocate(int fd, off_t from, off_t bytes) {
  return interrupted(ALLOCATE) ? EINTR : REAL(posix_fallocate)(fd, from, bytes);
}
int posix_fallocate64(int fd, off64_t from, off64_t bytes) {
  return interrupted(ALLOCATE) ? EINTR : REAL(posix_fallocate64)(fd, from, bytes);
}

int flock(int fd, int operation) {
  if (interrupted(FLOCK)) {
    errno = EINTR;
    return -1;
  }
  return REAL(flock)(fd, operation);
}

__attribute__((destructor)) static void report(void) {
  const char* const path = getenv("INTERRUPT_REPORT");
  FILE* const file = path != NULL ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  for (int i = 0; i < CALLS; ++i) fprintf(file, "%s %u\n", names[i], (tries[i] + 1) / 2);
  fclose(file);
}
