/*
 * A disk that forgets and fails. Preloaded into a process, it watches everything below the directory MACPOOL_DISK_ROOT.
 *
 * With MACPOOL_DISK_IMAGE, what a power cut would leave is kept in that directory: at each fsync the content of the file, or
 * the entries of the directory, under the id of its inode. With MACPOOL_DISK_FAULT, one operation fails; see faults.c.
 * Both may be set while the process runs. Watched files are never really synced, which would only take time.
 */
#ifndef MACPOOL_SHIM_H
#define MACPOOL_SHIM_H

#include <stdbool.h>
#include <sys/types.h>

/* The kinds of operation that a fault can be aimed at. */
#define WRITE 'w'
#define TRUNCATE 't'
#define SYNC 's'
#define ENTRY 'e'

/* What is to become of an operation. */
enum verdict { PASS, FAIL, SHORT };

/* Returns whether `path` is watched. */
bool watches(const char *path);

/* Returns whether the file open as `fd` is watched, and writes its path to `path`, of PATH_MAX bytes. */
bool watches_fd(int fd, char *path);

/* Counts an operation on `path`, which is watched; sets errno when it is to fail. */
enum verdict judge(char kind, const char *path);

/* Keeps what is open as `fd`, at `path`, as it is now: from now on, a power cut leaves that. */
void keep(int fd, const char *path);

/* Copies everything watched as it is now to the folder `live` of the image, for which nothing is kept from then on. */
void cut(void);

#endif
