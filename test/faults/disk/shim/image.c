/* What a power cut would leave of the watched files. */
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ID_MAX = 64 };

/* The number of an inode is used again once it is free, so the time of its birth goes with it. */
static bool identify(int directory, const char *name, char *id, bool *is_directory) {
  struct statx found;
  int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
  if (statx(directory, name, flags, STATX_INO | STATX_TYPE | STATX_BTIME, &found) != 0) return false;
  unsigned long long born = found.stx_btime.tv_sec * 1000000000ULL + found.stx_btime.tv_nsec;
  snprintf(id, ID_MAX, "%llu-%llu", (unsigned long long)found.stx_ino, born);
  *is_directory = S_ISDIR(found.stx_mode);
  return true;
}

static void copy_content(int from, FILE *to) {
  static const size_t CHUNK = 1 << 16;
  char *buffer = malloc(CHUNK);
  off_t at = 0;
  for (ssize_t got; (got = pread(from, buffer, CHUNK, at)) > 0; at += got) fwrite(buffer, 1, got, to);
  free(buffer);
}

static void copy_entries(const char *path, FILE *to) {
  DIR *directory = opendir(path);
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char id[ID_MAX];
    bool is_directory;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (!identify(dirfd(directory), entry->d_name, id, &is_directory)) continue;
    fprintf(to, "%c %s %s\n", is_directory ? 'd' : 'f', id, entry->d_name);
  }
  closedir(directory);
}

/* Whoever reads the image meanwhile finds the old copy or the new one. */
static void copy_into(const char *folder, int fd, const char *path) {
  char id[ID_MAX], scratch[PATH_MAX], place[PATH_MAX];
  bool is_directory;
  if (!identify(fd, "", id, &is_directory)) return;
  snprintf(scratch, sizeof scratch, "%s/.%d", folder, gettid());
  snprintf(place, sizeof place, "%s/%s", folder, id);
  FILE *copy = fopen(scratch, "w");
  if (copy == NULL) abort();
  if (is_directory) copy_entries(path, copy);
  else copy_content(fd, copy);
  if (fclose(copy) != 0 || rename(scratch, place) != 0) abort();
}

void keep(int fd, const char *path) {
  const char *image = getenv("MACPOOL_DISK_IMAGE");
  if (image == NULL || *image == '\0') return;
  char live[PATH_MAX];
  snprintf(live, sizeof live, "%s/live", image);
  /* Of two processes that sync one file, the second has the newer content. */
  int lock = open(image, O_RDONLY | O_CLOEXEC);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) abort();
  if (access(live, F_OK) != 0) copy_into(image, fd, path);
  close(lock);
}

static void copy_tree(const char *folder, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  copy_into(folder, fd, path);
  close(fd);
  DIR *directory = opendir(path);
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char inner[PATH_MAX];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
    copy_tree(folder, inner);
  }
  closedir(directory);
}

void cut(void) {
  const char *image = getenv("MACPOOL_DISK_IMAGE"), *root = getenv("MACPOOL_DISK_ROOT");
  /* In a child, because closing a file drops the locks that its process holds on it. */
  pid_t child = fork();
  if (child == 0) {
    char live[PATH_MAX];
    snprintf(live, sizeof live, "%s/live", image);
    if (mkdir(live, 0700) != 0) abort();
    copy_tree(live, root);
    _exit(0);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) abort();
}
