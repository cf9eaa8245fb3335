// LD_PRELOAD: kills the process, as kill -9 would, just before its nth write, sync, cut, removal, or release of the lock for writing on
// files that it is told of, and says so on stdout first: "k". KILL_AT: n. KILL_AT_WHAT: which of these. KILL_AT_FILES: a pattern for
// their paths. SQLite releases that lock when a commit is done: others see it then, and its own process does not yet.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_int calls;

static void count_path(const char* what, const char* path) {
  const char *at = getenv("KILL_AT"), *wanted = getenv("KILL_AT_WHAT"), *files = getenv("KILL_AT_FILES");
  if (at == NULL || wanted == NULL || files == NULL) return;
  if (strcmp(what, wanted) != 0 || fnmatch(files, path, 0) != 0) return;
  if (atomic_fetch_add(&calls, 1) + 1 != atoi(at)) return;
  REAL(write)(1, "k\n", 2);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void count(const char* what, int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  count_path(what, path);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (fd > 2) count("write", fd);
  return REAL(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  count("write", fd);
  return REAL(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  count("write", fd);
  return REAL(pwrite64)(fd, bytes, size, at);
}

int fsync(int fd) {
  count("sync", fd);
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  count("sync", fd);
  return REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t size) {
  count("cut", fd);
  return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  count("cut", fd);
  return REAL(ftruncate64)(fd, size);
}

int unlink(const char* path) {
  count_path("removal", path);
  return REAL(unlink)(path);
}

// The lock for writing is this byte of the -shm file: https://sqlite.org/walformat.html.
static void count_unlock(int fd, int command, const void* argument) {
  const struct flock* lock = argument;
  if (command == F_SETLK && lock->l_type == F_UNLCK && lock->l_start == 120) count("release", fd);
}

int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  count_unlock(fd, command, argument);
  return REAL(fcntl)(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  count_unlock(fd, command, argument);
  return REAL(fcntl64)(fd, command, argument);
}
