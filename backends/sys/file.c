#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "deadline.h"

enum { SECRET_LINE_MAX = 4096, LOCK_RETRY_MS = 20 };

/* O_NONBLOCK: opening a FIFO must fail in open_regular, not wait for a writer. */
static int
open_regular(const char *path, int more_flags, struct stat *status_r, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | more_flags);
    if (fd < 0) {
        bool is_link = errno == ELOOP && (more_flags & O_NOFOLLOW) != 0;
        err_set(err, "cannot open %s: %s", path,
                is_link ? "it is a symbolic link (put the file itself there)" : strerror(errno));
        return -1;
    }
    if (fstat(fd, status_r) != 0 || !S_ISREG(status_r->st_mode)) {
        err_set(err, "cannot read %s: it is not a regular file", path);
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads until the end of the file or until size bytes are there. Returns the length, or -1. */
static ssize_t
read_up_to(int fd, char *bytes_r, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(fd, bytes_r + length, size - length);
        if (got == 0)
            break;
        if (got > 0)
            length += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)length;
}

static char *
read_whole(const char *path, int more_flags, size_t max_bytes, size_t *length_r, struct err *err)
{
    struct stat status;
    int fd = open_regular(path, more_flags, &status, err);
    if (fd < 0)
        return NULL;

    size_t room = (size_t)status.st_size < max_bytes ? (size_t)status.st_size : max_bytes;
    char *text = xmalloc(room + 2); /* one byte more shows that it has grown or is too long */
    ssize_t length = read_up_to(fd, text, room + 1);
    if (length < 0)
        err_set(err, "cannot read %s: %s", path, strerror(errno));
    else if ((size_t)length > room && room == max_bytes)
        err_set(err, "cannot read %s: it is longer than %zu bytes", path, max_bytes);
    else if ((size_t)length > room)
        err_set(err, "cannot read %s: it grew while it was read", path);
    close(fd);
    if (length < 0 || (size_t)length > room) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    *length_r = (size_t)length;
    return text;
}

char *
file_read(const char *path, size_t max_bytes, size_t *length_r, struct err *err)
{
    return read_whole(path, 0, max_bytes, length_r, err);
}

char *
file_read_no_link(const char *path, size_t max_bytes, size_t *length_r, struct err *err)
{
    return read_whole(path, O_NOFOLLOW, max_bytes, length_r, err);
}

static int
check_secret_mode(const char *path, mode_t mode, struct err *err)
{
    mode_t too_open = mode & (S_IRWXO | S_IWGRP);
    if (too_open == 0)
        return 0;
    err_set(err, "refused to read the secret in %s: %s (chmod %04o %s)", path,
            (mode & (S_IWGRP | S_IWOTH)) != 0 ? "others than its owner may write to it"
                                              : "others than its owner and group may use it",
            (unsigned)(mode & (S_IRUSR | S_IWUSR | S_IRGRP)), path);
    return -1;
}

/* Ends the secret at the end of its first line. */
static int
keep_first_line(const char *path, struct secret *secret, struct err *err)
{
    const char *newline = memchr(secret->bytes, '\n', secret->length);
    if (newline == NULL && secret->length > SECRET_LINE_MAX) {
        err_set(err, "cannot use the secret in %s: it is longer than %d bytes", path,
                SECRET_LINE_MAX);
        return -1;
    }
    size_t length = newline != NULL ? (size_t)(newline - secret->bytes) : secret->length;
    if (length > 0 && secret->bytes[length - 1] == '\r')
        length--;
    if (length == 0 || memchr(secret->bytes, '\0', length) != NULL) {
        err_set(err, "cannot use the secret in %s: its first line %s", path,
                length == 0 ? "is empty" : "holds a NUL");
        return -1;
    }
    explicit_bzero(secret->bytes + length, secret->room - length);
    secret->length = length;
    return 0;
}

/* Reads up to max_bytes of a secret, and one more if it is longer. Returns 0, or -1 with err. */
static int
read_secret(const char *path, size_t max_bytes, struct secret *secret_r, struct err *err)
{
    struct stat status;
    int fd = open_regular(path, 0, &status, err);
    if (fd < 0)
        return -1;
    if (check_secret_mode(path, status.st_mode, err) != 0) {
        close(fd);
        return -1;
    }

    char *room = secret_reserve(secret_r, max_bytes + 1);
    ssize_t length = read_up_to(fd, room, max_bytes + 1);
    if (length < 0)
        err_set(err, "cannot read %s: %s", path, strerror(errno));
    close(fd);
    if (length < 0) {
        secret_fini(secret_r);
        return -1;
    }
    secret_r->length = (size_t)length;
    return 0;
}

int
file_read_secret(const char *path, struct secret *secret_r, struct err *err)
{
    if (read_secret(path, SECRET_LINE_MAX, secret_r, err) != 0)
        return -1;
    if (keep_first_line(path, secret_r, err) == 0)
        return 0;
    secret_fini(secret_r);
    return -1;
}

int
file_read_whole_secret(const char *path, size_t max_bytes, struct secret *secret_r, struct err *err)
{
    if (read_secret(path, max_bytes, secret_r, err) != 0)
        return -1;
    if (secret_r->length <= max_bytes)
        return 0;
    err_set(err, "cannot read %s: it is longer than %zu bytes", path, max_bytes);
    secret_fini(secret_r);
    return -1;
}

static int
write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

/* Mode and owner of the file that is there, for the one that takes its place. */
static int
copy_ownership(int fd, const char *path, mode_t mode_if_new)
{
    struct stat old, new;
    if (stat(path, &old) != 0)
        return errno == ENOENT ? fchmod(fd, mode_if_new) : -1;
    if (fstat(fd, &new) != 0)
        return -1;
    if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
        fchown(fd, old.st_uid, old.st_gid) != 0)
        return -1;
    return fchmod(fd, old.st_mode & 07777);
}

/* The rename itself must survive a power cut too. */
static void
sync_directory(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

static int
replace_at(const char *path, const char *bytes, size_t length, mode_t mode_if_new, struct err *err)
{
    size_t room = strlen(path) + sizeof ".XXXXXX";
    char *beside = xmalloc(room);
    snprintf(beside, room, "%s.XXXXXX", path);

    int fd = mkostemp(beside, O_CLOEXEC);
    bool done = fd >= 0 && copy_ownership(fd, path, mode_if_new) == 0 &&
                write_all(fd, bytes, length) == 0 && fsync(fd) == 0 && rename(beside, path) == 0;
    if (done) {
        sync_directory(path);
    } else {
        err_set(err, "cannot replace %s: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(beside);
    }
    if (fd >= 0)
        close(fd);
    free(beside);
    return done ? 0 : -1;
}

int
file_replace(const char *path, const char *bytes, size_t length, mode_t mode_if_new,
             struct err *err)
{
    char *target = realpath(path, NULL); /* a symbolic link stays one */
    int result = replace_at(target != NULL ? target : path, bytes, length, mode_if_new, err);
    free(target);
    return result;
}

static void
pause_ms(int ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

int
file_lock(const char *path, int wait_ms, struct err *err)
{
    size_t room = strlen(path) + sizeof ".lock";
    char *lock = xmalloc(room);
    snprintf(lock, room, "%s.lock", path);

    struct deadline deadline = deadline_after(wait_ms);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int locked = fd < 0 ? -1 : flock(fd, LOCK_EX | LOCK_NB);
    while (fd >= 0 && locked != 0 && (errno == EWOULDBLOCK || errno == EINTR) &&
           !deadline_is_over(deadline)) {
        pause_ms(LOCK_RETRY_MS);
        locked = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (fd < 0 || locked != 0)
        err_set(err, "cannot lock %s: %s", lock,
                errno == EWOULDBLOCK ? "somebody else is editing the file" : strerror(errno));
    if (fd >= 0 && locked != 0) {
        close(fd);
        fd = -1;
    }
    free(lock);
    return fd;
}

char *
file_beside(const char *base, const char *name)
{
    const char *slash = strrchr(base, '/');
    if (name[0] == '/' || slash == NULL)
        return xstrdup(name);
    size_t folder = (size_t)(slash - base) + 1, room = folder + strlen(name) + 1;
    char *path = xmalloc(room);
    snprintf(path, room, "%.*s%s", (int)folder, base, name);
    return path;
}
