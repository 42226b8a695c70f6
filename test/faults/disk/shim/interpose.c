/* The functions by which SQLite and Node change files, in front of those of the C library. */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static enum verdict judge_fd(char kind, int fd) {
  char path[PATH_MAX];
  return fd > 2 && watches_fd(fd, path) ? judge(kind, path) : PASS;
}

static bool fails(char kind, const char *path) { return watches(path) && judge(kind, path) == FAIL; }

static size_t part(enum verdict verdict, size_t count) { return verdict == SHORT && count > 1 ? count / 2 : count; }

ssize_t write(int fd, const void *buffer, size_t count) {
  enum verdict verdict = judge_fd(WRITE, fd);
  return verdict == FAIL ? -1 : NEXT(write)(fd, buffer, part(verdict, count));
}

ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t at) {
  enum verdict verdict = judge_fd(WRITE, fd);
  return verdict == FAIL ? -1 : NEXT(pwrite64)(fd, buffer, part(verdict, count), at);
}

ssize_t pwrite(int fd, const void *buffer, size_t count, off_t at) { return pwrite64(fd, buffer, count, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return judge_fd(WRITE, fd) == FAIL ? -1 : NEXT(writev)(fd, parts, count);
}

int ftruncate64(int fd, off64_t length) {
  return judge_fd(TRUNCATE, fd) == FAIL ? -1 : NEXT(ftruncate64)(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fsync(int fd) {
  char path[PATH_MAX];
  if (!watches_fd(fd, path)) return NEXT(fsync)(fd);
  if (judge(SYNC, path) == FAIL) return -1;
  keep(fd, path);
  return 0;
}

int fdatasync(int fd) { return fsync(fd); }

/* While a file that lost its name is open somewhere, no other gets the number of its inode. */
static void hold(const char *path) {
  static int held[64];
  static unsigned next;
  int *place = &held[next++ % 64];
  if (*place > 0) close(*place);
  *place = NEXT(open)(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

int unlink(const char *path) {
  if (fails(ENTRY, path)) return -1;
  if (watches(path)) hold(path);
  return NEXT(unlink)(path);
}

int rename(const char *from, const char *to) { return fails(ENTRY, to) ? -1 : NEXT(rename)(from, to); }

int link(const char *from, const char *to) { return fails(ENTRY, to) ? -1 : NEXT(link)(from, to); }

int mkdir(const char *path, mode_t mode) { return fails(ENTRY, path) ? -1 : NEXT(mkdir)(path, mode); }

int rmdir(const char *path) { return fails(ENTRY, path) ? -1 : NEXT(rmdir)(path); }

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  bool makes = (flags & O_CREAT) != 0 && watches(path) && access(path, F_OK) != 0;
  return makes && judge(ENTRY, path) == FAIL ? -1 : NEXT(open64)(path, flags, mode);
}
