/* Locks as some file systems have them: loaded before the engine (LD_PRELOAD), it refuses every flock where CT_NO_LOCKS
 * is set, and notes in CT_CUT_LOG, a line a file that is cut, whether somebody held it exclusively then. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int flock(int file, int how) {
    if (getenv("CT_NO_LOCKS") != NULL) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, file, how);
}

int ftruncate(int file, off_t bytes) {
    const char *log = getenv("CT_CUT_LOG");
    int out = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (out >= 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        int again = open(path, O_RDONLY);
        int held = syscall(SYS_flock, again, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
        const char *word = held ? "held\n" : "not held\n";
        if (write(out, word, strlen(word)) < 0) {}
        close(again);
        close(out);
    }
    return (int)syscall(SYS_ftruncate, file, bytes);
}

int ftruncate64(int file, off64_t bytes) { return ftruncate(file, bytes); }
