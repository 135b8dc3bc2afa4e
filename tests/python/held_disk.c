// Preloaded into a program: one call that its test names waits until the test lets it go, as it
// would on a disk that does not answer.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static char held_call[32], held_path[256];
static int say_fd, go_fd, copy_on_write;
static volatile int armed;

// Holds the next `call` whose path (or whose descriptor's) contains `path`: it writes a byte to
// `say` and waits for one from `go`.
void hold(const char* call, const char* path, int say, int go) {
  snprintf(held_call, sizeof held_call, "%s", call);
  snprintf(held_path, sizeof held_path, "%s", path);
  say_fd = say;
  go_fd = go;
  __atomic_store_n(&armed, 1, __ATOMIC_SEQ_CST);
}

// Every file system is said to be one whose files are not written in place.
void pretend_copy_on_write(void) { copy_on_write = 1; }

static void reach(const char* call, const char* path) {
  if (!armed || strcmp(call, held_call) != 0 || strstr(path, held_path) == NULL) return;
  if (!__atomic_exchange_n(&armed, 0, __ATOMIC_SEQ_CST)) return;
  char byte = 1;
  syscall(SYS_write, say_fd, &byte, 1);
  while (syscall(SYS_read, go_fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

static void reach_fd(const char* call, int fd) {
  if (!armed) return;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return;
  path[n] = 0;
  reach(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  reach("open", path);
  return REAL(open)(path, flags, mode);
}
int stat(const char* path, struct stat* info) {
  reach("stat", path);
  return REAL(stat)(path, info);
}
int fstat(int fd, struct stat* info) {
  reach_fd("fstat", fd);
  return REAL(fstat)(fd, info);
}
DIR* opendir(const char* path) {
  reach("opendir", path);
  return REAL(opendir)(path);
}
int rename(const char* from, const char* to) {
  reach("rename", to);
  return REAL(rename)(from, to);
}
ssize_t readlink(const char* path, char* to, size_t n) {
  if (strncmp(path, "/proc/", 6) != 0) reach("readlink", path);
  return syscall(SYS_readlinkat, AT_FDCWD, path, to, n);
}
int fsync(int fd) {
  reach_fd("fsync", fd);
  return REAL(fsync)(fd);
}
ssize_t pwrite(int fd, const void* from, size_t n, off_t at) {
  reach_fd("pwrite", fd);
  return REAL(pwrite)(fd, from, n, at);
}
ssize_t write(int fd, const void* from, size_t n) {
  reach_fd("write", fd);
  return syscall(SYS_write, fd, from, n);
}
int posix_fallocate(int fd, off_t from, off_t n) {
  reach_fd("posix_fallocate", fd);
  return REAL(posix_fallocate)(fd, from, n);
}
int madvise(void* from, size_t n, int advice) {
  reach("madvise", "");
  return REAL(madvise)(from, n, advice);
}
int fstatfs(int fd, struct statfs* info) {
  int answer = REAL(fstatfs)(fd, info);
  if (copy_on_write) info->f_type = 0x9123683e;
  return answer;
}
