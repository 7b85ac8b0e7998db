/* Writes down what a process does to the files below $UNSYNCED_DIR, into $UNSYNCED_LOG: preload it (LD_PRELOAD).

   A record is { op, inode, a, b } of four 64-bit numbers, then b bytes: data of a write, names of what has names. What
   is written is logged before it happens, a synchronisation after it: whenever the process is killed, the log claims
   no more to be on the disk than is. The process is killed before the record of number $UNSYNCED_ENDS_AT, counted from
   its fork on. tests/field/power_cut.py reads the log. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, SYNC_FOLDER };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void count(void) {
    static pid_t counted;
    static long left;
    const char *ends_at = getenv("UNSYNCED_ENDS_AT");
    if (counted != getpid()) {
        counted = getpid();
        left = ends_at ? atol(ends_at) : 0;
    }
    if (left > 0 && --left == 0) kill(counted, SIGKILL);
}

static void note(uint64_t op, uint64_t inode, uint64_t a, const void *data, size_t size) {
    static int file = -1;
    uint64_t head[4] = {op, inode, a, size};
    struct iovec parts[2] = {{head, sizeof head}, {(void *)data, size}};
    count();
    if (file < 0)
        file = REAL(open)(getenv("UNSYNCED_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (writev(file, parts, 2) != (ssize_t)(sizeof head + size)) abort();
}

/* Whether a path lies in the folder. */
static int is_ours(const char *path) {
    const char *folder = getenv("UNSYNCED_DIR");
    size_t length = folder ? strlen(folder) : 0;
    return length && path && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

/* The inode of an open file of ours, else 0. */
static uint64_t inode_of(int fd, int *is_folder) {
    char link[64], path[4096];
    struct stat found;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    if (!is_ours(path) || fstat(fd, &found)) return 0;
    if (is_folder) *is_folder = S_ISDIR(found.st_mode);
    return found.st_ino;
}

static void note_at(uint64_t op, int fd, uint64_t a, const void *data, size_t size) {
    uint64_t inode = inode_of(fd, NULL);
    if (inode) note(op, inode, a, data, size);
}

#define OPENS(name)                                                                                    \
    int name(const char *path, int flags, ...) {                                                       \
        va_list rest;                                                                                  \
        va_start(rest, flags);                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                            \
        va_end(rest);                                                                                  \
        if (!is_ours(path)) return REAL(name)(path, flags, mode);                                      \
        pthread_mutex_lock(&lock);                                                                     \
        int is_new = (flags & O_CREAT) && access(path, F_OK);                                          \
        int fd = REAL(name)(path, flags, mode);                                                        \
        if (fd >= 0 && is_new) note_at(CREATE, fd, 0, path, strlen(path));                             \
        else if (fd >= 0 && (flags & O_TRUNC)) note_at(TRUNCATE, fd, 0, NULL, 0);                      \
        pthread_mutex_unlock(&lock);                                                                   \
        return fd;                                                                                     \
    }
OPENS(open)
OPENS(open64)

#define UNDER_LOCK(type, call)                                                                         \
    type done = call;                                                                                  \
    pthread_mutex_unlock(&lock);                                                                       \
    return done;

#define WRITES(name, offset_type)                                                                      \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) {                          \
        pthread_mutex_lock(&lock);                                                                     \
        note_at(WRITE, fd, offset, data, size);                                                        \
        UNDER_LOCK(ssize_t, REAL(name)(fd, data, size, offset))                                        \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    if (!inode_of(fd, NULL)) return REAL(write)(fd, data, size);
    pthread_mutex_lock(&lock);
    int append = fcntl(fd, F_GETFL) & O_APPEND;
    note_at(WRITE, fd, lseek(fd, 0, append ? SEEK_END : SEEK_CUR), data, size);
    UNDER_LOCK(ssize_t, REAL(write)(fd, data, size))
}

#define TRUNCATES(name, size_type)                                                                     \
    int name(int fd, size_type size) {                                                                 \
        pthread_mutex_lock(&lock);                                                                     \
        note_at(TRUNCATE, fd, size, NULL, 0);                                                          \
        UNDER_LOCK(int, REAL(name)(fd, size))                                                          \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

#define SYNCS(name)                                                                                    \
    int name(int fd) {                                                                                 \
        int is_folder = 0;                                                                             \
        uint64_t inode = inode_of(fd, &is_folder);                                                     \
        pthread_mutex_lock(&lock);                                                                     \
        int failed = REAL(name)(fd);                                                                   \
        if (!failed && inode) note(is_folder ? SYNC_FOLDER : SYNC, inode, 0, NULL, 0);                 \
        pthread_mutex_unlock(&lock);                                                                   \
        return failed;                                                                                 \
    }
SYNCS(fsync)
SYNCS(fdatasync)

int rename(const char *from, const char *to) {
    char names[8200];
    if (!is_ours(to)) return REAL(rename)(from, to);
    pthread_mutex_lock(&lock);
    int size = snprintf(names, sizeof names, "%s%c%s", from, 0, to);
    note(RENAME, 0, 0, names, size);
    UNDER_LOCK(int, REAL(rename)(from, to))
}

int unlink(const char *path) {
    if (!is_ours(path)) return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    if (!access(path, F_OK)) note(UNLINK, 0, 0, path, strlen(path));
    UNDER_LOCK(int, REAL(unlink)(path))
}
