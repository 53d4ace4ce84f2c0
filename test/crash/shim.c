/*
 * A disk that loses power, for tests: preloaded into a process, it keeps beside each file F of one directory a file
 * F.disk with what was synced. What is written is in F at once, as in a kernel's cache; it gets into F.disk when F is
 * synced. After kill -9 the test puts F.disk in the place of F: every write that was not synced is gone.
 *
 * It can also fail. A failed sync forgets what was to be synced, as kernels do: the pages count as clean and never get
 * to the disk unless they are written again.
 *
 * REDPKT_SHIM_DIR    files in this directory are watched
 * REDPKT_SHIM_FAULT  eio or enospc: what writes and syncs fail with, now and then
 * REDPKT_SHIM_FILE   how the name of the file ends that fails; absent: all of them
 * REDPKT_SHIM_SEED   of the faults
 * REDPKT_SHIM_EVERY  calls between two spells of faults, on average
 * REDPKT_SHIM_SPELL  calls of a spell at most
 * REDPKT_SHIM_NOW    a file that a test may write at any time: eio or enospc, and how the name of the file ends that fails
 *                    from then on, at every call; empty: none
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES 32
#define MAX_RANGES 65536
#define MAX_PATH 512
#define GONE " (deleted)" /* how the kernel names what an open descriptor has, once its name is removed */

struct range { off_t from, to; };
struct file {
  char path[MAX_PATH];
  char born[MAX_PATH]; /* the name that descriptors know, if it has got another one since */
  int disk; /* descriptor of F.disk */
  int ranges_count;
  struct range *ranges; /* written and not synced */
};

static struct file files[MAX_FILES];
static int files_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t random_state;
static int spell_calls_left;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_linkat)(int, const char *, int, const char *, int);

__attribute__((constructor)) static void start(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_linkat = dlsym(RTLD_NEXT, "linkat");
  const char *seed = getenv("REDPKT_SHIM_SEED");
  random_state = 0x9e3779b97f4a7c15ull * (seed ? strtoull(seed, 0, 10) + 1 : 1);
}

static uint32_t random_below(uint32_t bound) { /* xorshift64* */
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 32) % bound;
}

static uint32_t setting(const char *name, uint32_t otherwise) {
  const char *text = getenv(name);
  return text ? (uint32_t)strtoul(text, 0, 10) : otherwise;
}

static int ends_with(const char *path, const char *end) {
  size_t size = strlen(path), length = strlen(end);
  return size >= length && strcmp(path + size - length, end) == 0;
}

static void set_fault(const char *fault) { errno = strcmp(fault, "enospc") == 0 ? ENOSPC : EIO; }

/* What a test says now, if it says anything. */
static int fails_now(const char *path) {
  const char *control = getenv("REDPKT_SHIM_NOW");
  char text[MAX_PATH] = "", fault[16] = "", end[MAX_PATH] = "";
  if (!control) return 0;
  int fd = open(control, O_RDONLY);
  if (fd < 0) return 0;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0 || sscanf(text, "%15s %511s", fault, end) < 1 || !ends_with(path, end)) return 0;
  set_fault(fault);
  return 1;
}

/* Whether this call on a file fails; sets errno. */
static int fails(const char *path) {
  const char *fault = getenv("REDPKT_SHIM_FAULT");
  const char *end = getenv("REDPKT_SHIM_FILE");
  if (fails_now(path)) return 1;
  if (!fault || (end && !ends_with(path, end))) return 0;
  if (spell_calls_left == 0 && random_below(setting("REDPKT_SHIM_EVERY", 500)) == 0) {
    spell_calls_left = 1 + random_below(setting("REDPKT_SHIM_SPELL", 8));
  }
  if (spell_calls_left == 0) return 0;
  spell_calls_left--;
  set_fault(fault);
  return 1;
}

static int is_watched(const char *path) {
  const char *directory = getenv("REDPKT_SHIM_DIR");
  if (!directory || strncmp(path, directory, strlen(directory)) != 0) return 0;
  size_t size = strlen(path);
  if (size >= MAX_PATH - 8) return 0;
  /* The shared memory of SQLite's log needn't last, nor the lock. */
  if (size > 4 && strcmp(path + size - 4, "-shm") == 0) return 0;
  if (size > 5 && strcmp(path + size - 5, "/lock") == 0) return 0;
  return !(size > 5 && strcmp(path + size - 5, ".disk") == 0);
}

static void copy(int from, int to, off_t start, off_t end) {
  static char buffer[1 << 16];
  while (start < end) {
    size_t size = end - start < (off_t)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
    ssize_t got = pread(from, buffer, size, start);
    if (got <= 0) return;
    real_pwrite(to, buffer, (size_t)got, start);
    start += got;
  }
}

/* The watched file behind a descriptor, or null. What it holds when it is first seen counts as synced. */
static struct file *file_of(int fd) {
  char link[64], path[MAX_PATH];
  if (!getenv("REDPKT_SHIM_DIR") || fd < 3) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  if (ends_with(path, GONE)) path[size - (ssize_t)strlen(GONE)] = 0;
  if (!is_watched(path)) return 0;
  for (int i = 0; i < files_count; i++) {
    if (strcmp(files[i].path, path) == 0 || strcmp(files[i].born, path) == 0) return &files[i];
  }
  if (files_count == MAX_FILES) abort();
  struct file *file = &files[files_count++];
  char disk[MAX_PATH + 8];
  strcpy(file->path, path);
  file->born[0] = 0;
  snprintf(disk, sizeof disk, "%s.disk", path);
  int is_new = access(disk, F_OK) != 0;
  file->disk = open(disk, O_RDWR | O_CREAT, 0600);
  file->ranges = malloc(MAX_RANGES * sizeof(struct range));
  file->ranges_count = 0;
  if (is_new) {
    struct stat status;
    int from = open(path, O_RDONLY);
    if (from >= 0 && fstat(from, &status) == 0) copy(from, file->disk, 0, status.st_size);
    if (from >= 0) close(from);
  }
  return file;
}

static void note(struct file *file, off_t from, off_t to) {
  struct range *last = file->ranges_count > 0 ? &file->ranges[file->ranges_count - 1] : 0;
  if (last && from >= last->from && from <= last->to) {
    if (to > last->to) last->to = to;
    return;
  }
  if (file->ranges_count == MAX_RANGES) { /* one range that covers all */
    for (int i = 0; i < file->ranges_count; i++) {
      if (file->ranges[i].from < from) from = file->ranges[i].from;
      if (file->ranges[i].to > to) to = file->ranges[i].to;
    }
    file->ranges_count = 0;
  }
  file->ranges[file->ranges_count++] = (struct range){from, to};
}

static ssize_t watched_write(int fd, const void *bytes, size_t size, off_t offset, int is_positioned) {
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  ssize_t result;
  if (file && fails(file->path)) {
    result = -1;
  } else {
    off_t at = is_positioned || !file ? offset : lseek(fd, 0, SEEK_CUR);
    result = is_positioned ? real_pwrite(fd, bytes, size, offset) : real_write(fd, bytes, size);
    if (file && result > 0) note(file, at, at + result);
  }
  int saved = errno;
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

static int watched_sync(int fd, int (*real)(int)) {
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  int result = 0;
  if (!file) {
    pthread_mutex_unlock(&lock);
    return real(fd);
  }
  if (fails(file->path)) {
    result = -1;
  } else {
    struct stat status;
    int from = open(file->path, O_RDONLY); /* fd may be for writing only */
    for (int i = 0; i < file->ranges_count; i++) copy(from, file->disk, file->ranges[i].from, file->ranges[i].to);
    if (fstat(fd, &status) == 0) real_ftruncate(file->disk, status.st_size);
    close(from);
  }
  file->ranges_count = 0;
  int saved = errno;
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
  if (fd < 3 || !getenv("REDPKT_SHIM_DIR")) return real_write(fd, bytes, size);
  return watched_write(fd, bytes, size, 0, 0);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) {
  return watched_write(fd, bytes, size, offset, 1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
  return watched_write(fd, bytes, size, offset, 1);
}

int fsync(int fd) { return watched_sync(fd, real_fsync); }

int fdatasync(int fd) { return watched_sync(fd, real_fdatasync); }

/* Names change at once: a directory's own syncs are not the point here. */
int unlink(const char *path) {
  if (is_watched(path)) {
    char disk[MAX_PATH + 8];
    snprintf(disk, sizeof disk, "%s.disk", path);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < files_count; i++) {
      if (strcmp(files[i].path, path) != 0) continue;
      close(files[i].disk);
      free(files[i].ranges);
      files[i] = files[--files_count];
      break;
    }
    real_unlink(disk);
    pthread_mutex_unlock(&lock);
  }
  return real_unlink(path);
}

int rename(const char *from, const char *to) {
  if (is_watched(from)) {
    char disk_from[MAX_PATH + 8], disk_to[MAX_PATH + 8];
    snprintf(disk_from, sizeof disk_from, "%s.disk", from);
    snprintf(disk_to, sizeof disk_to, "%s.disk", to);
    pthread_mutex_lock(&lock);
    for (int i = files_count - 1; i >= 0; i--) {
      if (strcmp(files[i].path, from) != 0 && strcmp(files[i].path, to) != 0) continue;
      close(files[i].disk);
      free(files[i].ranges);
      files[i] = files[--files_count];
    }
    real_rename(disk_from, disk_to);
    pthread_mutex_unlock(&lock);
  }
  return real_rename(from, to);
}

/* A file that gets a second name goes by that one: whoever makes a file whole under another name removes that next. */
int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
  if (!is_watched(to)) return real_linkat(from_fd, from, to_fd, to, flags);
  if (fails(to)) return -1;
  int result = real_linkat(from_fd, from, to_fd, to, flags);
  if (result != 0) return result;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < files_count; i++) {
    if (strcmp(files[i].path, from) != 0) continue;
    char disk_from[MAX_PATH + 8], disk_to[MAX_PATH + 8];
    snprintf(disk_from, sizeof disk_from, "%s.disk", from);
    snprintf(disk_to, sizeof disk_to, "%s.disk", to);
    strcpy(files[i].born, from);
    strcpy(files[i].path, to);
    real_rename(disk_from, disk_to);
    break;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
