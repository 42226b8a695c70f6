/* Which operation fails, and how. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool watches(const char *path) {
  const char *root = getenv("MACPOOL_DISK_ROOT");
  if (root == NULL || *root == '\0') return false;
  size_t length = strlen(root), end = strlen(path);
  if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0')) return false;
  /* SQLite makes its shared memory anew after a power cut, and trusts nothing in it. */
  return end < 4 || strcmp(path + end - 4, "-shm") != 0;
}

bool watches_fd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return watches(path);
}

/*
 * MACPOOL_DISK_FAULT is "ACTION KINDS N HOW": of the operations whose kind is a letter of KINDS, the Nth fails with EIO or
 * ENOSPC or, with CUT, the power fails before it. HOW is "once", or "sticky" when all after it fail too; a further word
 * makes a plan different from the one before, and so starts the count anew. What was hit is put into MACPOOL_DISK_HIT.
 * Of a write that meets the end of the space, a half is still written.
 */
enum verdict judge(char kind, const char *path) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static char plan[128];
  static long count;
  char action[16], kinds[16], how[16];
  long target;
  enum verdict verdict = PASS;
  const char *wanted = getenv("MACPOOL_DISK_FAULT");
  if (wanted == NULL) return PASS;
  pthread_mutex_lock(&mutex);
  if (strcmp(plan, wanted) != 0) {
    snprintf(plan, sizeof plan, "%s", wanted);
    count = 0;
  }
  if (sscanf(plan, "%15s %15s %ld %15s", action, kinds, &target, how) == 4 && strchr(kinds, kind) != NULL) {
    bool is_full = strcmp(action, "ENOSPC") == 0;
    count += 1;
    if (count == target) {
      char hit[PATH_MAX + 8];
      snprintf(hit, sizeof hit, "%c %s", kind, path);
      setenv("MACPOOL_DISK_HIT", hit, 1);
      if (strcmp(action, "CUT") == 0) cut();
      else verdict = is_full && kind == WRITE ? SHORT : FAIL;
    } else if (strcmp(action, "CUT") != 0 && count > target) {
      /* The rest of the write that was cut short is asked for once more. */
      if (strcmp(how, "sticky") == 0 || (is_full && kind == WRITE && count == target + 1)) verdict = FAIL;
    }
    if (verdict == FAIL) errno = is_full ? ENOSPC : EIO;
  }
  pthread_mutex_unlock(&mutex);
  return verdict;
}
