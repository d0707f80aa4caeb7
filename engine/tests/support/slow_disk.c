/* A slow disk for one thread: loaded before the engine (LD_PRELOAD), it makes every call of ct-journal that may wait
 * for a disk wait CT_SLOW_MS longer while the file CT_SLOW_WHILE is there, and notes each in CT_SLOW_LOG, a line a call.
 * Other threads are left alone. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void slow(const char *call) {
    char name[16] = {0};
    const char *ms = getenv("CT_SLOW_MS"), *log = getenv("CT_SLOW_LOG");
    prctl(PR_GET_NAME, name);
    if (strcmp(name, "ct-journal") != 0 || ms == NULL) return;
    if (access(getenv("CT_SLOW_WHILE"), F_OK) != 0) return;
    struct timespec nap = {atol(ms) / 1000, atol(ms) % 1000 * 1000000L};
    while (nanosleep(&nap, &nap) == -1 && errno == EINTR) {}
    int file = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0) {
        if (write(file, call, strlen(call)) < 0) {}
        close(file);
    }
}

int msync(void *at, size_t bytes, int flags) {
    slow("msync\n");
    return (int)syscall(SYS_msync, at, bytes, flags);
}

int fsync(int file) {
    slow("fsync\n");
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    slow("fdatasync\n");
    return (int)syscall(SYS_fdatasync, file);
}

static int reserve(int file, off64_t from, off64_t bytes) {
    slow("fallocate\n");
    return syscall(SYS_fallocate, file, 0, from, bytes) == 0 ? 0 : errno;
}

int posix_fallocate(int file, off_t from, off_t bytes) { return reserve(file, from, bytes); }
int posix_fallocate64(int file, off64_t from, off64_t bytes) { return reserve(file, from, bytes); }

int ftruncate(int file, off_t bytes) {
    slow("ftruncate\n");
    return (int)syscall(SYS_ftruncate, file, bytes);
}

int ftruncate64(int file, off64_t bytes) { return ftruncate(file, bytes); }
