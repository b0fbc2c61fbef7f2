#include "lmdb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "lmdb_aside.h"
#include "lmdb_check.h"
#include "lmdb_spaces.h"
#include "log.h"

enum { LEAST_BYTES = 1 << 20 };

/* One opening. */
struct opening {
    const struct lmdb_file_wish *wish;
    char *path, *lock_path, *lmdb_lock_path;
    struct shared_lock *lock;
    bool is_alone;
};

static size_t
whole_pages(int64_t bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t wanted = bytes > LEAST_BYTES ? (size_t)bytes : LEAST_BYTES;
    return wanted / page_bytes * page_bytes;
}

static int
make_folder(const char *folder, struct stat *status_r, struct err *err)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        err_set(err, "make the folder %s: %s", folder, strerror(errno));
        return -1;
    }
    if (stat(folder, status_r) != 0 || !S_ISDIR(status_r->st_mode)) {
        err_set(err, "%s is not a folder that can be used", folder);
        return -1;
    }
    return 0;
}

/* Takes all of the file from the disk: of what is wanted, or of what is there for. Returns its
 * size, or 0 with err. */
static size_t
take_from_disk(int fd, const char *path, size_t there, size_t wanted, struct err *err)
{
    int failure = 0;
    for (size_t bytes = wanted;; bytes = whole_pages((int64_t)(bytes / 2))) {
        bool is_last = bytes <= LEAST_BYTES || bytes <= there;
        size_t tried = bytes > there ? bytes : there;
        failure = posix_fallocate(fd, 0, (off_t)tried);
        if (failure == 0) {
            if (tried < wanted)
                log_event(LOG_WARN, "store.small", LOG_STR("path", path),
                          LOG_INT("bytes", (int64_t)tried), LOG_INT("wanted", (int64_t)wanted),
                          LOG_STR("error", "the disk has no room for more"));
            return tried;
        }
        if (ftruncate(fd, (off_t)there) != 0 || failure != ENOSPC || is_last)
            break;
    }
    err_set(err, "take %s from the disk: %s", path, strerror(failure));
    return 0;
}

/* How long a file is to be that is this long now, and may be longer than is wanted: what is in use
 * stays, and as LMDB changes nothing where it is, it needs room beside. */
static size_t
length_for(size_t there, size_t used_bytes, size_t wanted)
{
    size_t least = whole_pages((int64_t)(used_bytes + used_bytes / 2));
    size_t kept = least < there ? least : there;
    return wanted > kept ? wanted : kept;
}

/* Makes the file as long as it is to be; used_bytes is what must stay. Returns 0 or -1. */
static int
set_length(const struct opening *opening, size_t used_bytes, struct err *err)
{
    struct stat status;
    size_t wanted = whole_pages(opening->wish->size_bytes), bytes = 0;
    int fd = open(opening->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &status) != 0) {
        err_set(err, "open %s: %s", opening->path, strerror(errno));
    } else {
        size_t there = (size_t)status.st_size;
        wanted = length_for(there, used_bytes, wanted);
        if (there > wanted && ftruncate(fd, (off_t)wanted) == 0)
            there = wanted;
        bytes = take_from_disk(fd, opening->path, there, wanted, err);
    }
    if (fd >= 0)
        close(fd);
    shared_lock_set_size(opening->lock, bytes);
    return bytes > 0 ? 0 : -1;
}

static int
make_anew(const struct opening *opening, struct err *err)
{
    struct stat status;
    /* LMDB's lock file goes with the file: it counts transactions of that */
    unlink(opening->lmdb_lock_path);
    shared_lock_next_epoch(opening->lock);
    if (lmdb_make(opening->path, err) != 0 || stat(opening->path, &status) != 0)
        return -1;
    return set_length(opening, (size_t)status.st_size, err);
}

static int
replace(const struct opening *opening, const char *reason, struct err *err)
{
    if (!opening->wish->mends) {
        err_set(err, "%s is corrupt: %s (the service begins a new one when it starts)",
                opening->path, reason);
        return -1;
    }
    if (lmdb_move_aside(opening->path, reason, err) != 0)
        return -1;
    return make_anew(opening, err);
}

/* Nobody else has it open, and none will before we are done. */
static int
prepare_alone(const struct opening *opening, struct err *err)
{
    size_t used_bytes = 0;
    struct err why = {.text = ""};
    switch (lmdb_check(opening->path, &used_bytes, &why)) {
    case LMDB_CANNOT_TELL:
        err_set(err, "check %s: %s", opening->path, why.text);
        return -1;
    case LMDB_CORRUPT:
        return replace(opening, why.text, err);
    case LMDB_WHOLE:
        break;
    }
    if (opening->wish->mends)
        return set_length(opening, used_bytes, err);
    struct stat status;
    if (stat(opening->path, &status) != 0)
        return -1;
    shared_lock_set_size(opening->lock, (size_t)status.st_size);
    return 0;
}

static int
prepare(const struct opening *opening, struct err *err)
{
    struct stat status;
    bool is_there = lstat(opening->path, &status) == 0;
    if (!is_there && errno != ENOENT) {
        err_set(err, "look at %s: %s", opening->path, strerror(errno));
        return -1;
    }
    /* an empty one is another's that was cut: he would take what is made of it for that */
    if (is_there && status.st_size == 0 && unlink(opening->path) != 0) {
        err_set(err, "remove the empty %s: %s", opening->path, strerror(errno));
        return -1;
    }
    if (!is_there || status.st_size == 0)
        return make_anew(opening, err);
    if (status.st_dev == opening->wish->forsaken_device &&
        status.st_ino == opening->wish->forsaken_number)
        return replace(opening, "it could not be read or written while in use", err);
    if (opening->is_alone)
        return prepare_alone(opening, err);
    if (shared_lock_is_forsaken(opening->lock))
        return replace(opening, "a process could not go on in the midst of writing", err);
    /* the others find out by themselves, and come after us */
    if ((size_t)status.st_size < shared_lock_size(opening->lock))
        return replace(opening, "it has been cut short while in use", err);
    return 0;
}

/* Makes a new file ours, and reads its salt, which never changes. Under the shared lock.
 * *is_foreign_r: it is whole, but of another version or program. */
static int
adopt(struct lmdb *lmdb, unsigned char salt_r[STORE_SALT_BYTES], bool *is_foreign_r,
      struct err *err)
{
    struct lmdb_txn txn;
    struct lmdb_spaces spaces;
    if (lmdb_begin_write(lmdb, &txn, err) != 0)
        return -1;
    if (lmdb_spaces_begin(&spaces, &txn, err) == 0) {
        memcpy(salt_r, spaces.layout.salt, STORE_SALT_BYTES);
        return lmdb_end(&txn, NULL, err);
    }
    if (lmdb_table_size(&txn, LMDB_MAIN).entries >= LMDB_TABLES) {
        lmdb_end(&txn, NULL, err);
        *is_foreign_r = true;
        return -1;
    }
    lmdb_spaces_create(&spaces, &txn);
    memcpy(salt_r, spaces.layout.salt, STORE_SALT_BYTES);
    return lmdb_commit(&txn, err) == LMDB_DONE ? 0 : -1;
}

static int
open_prepared(const struct opening *opening, struct deadline deadline, struct lmdb_file *file_r,
              bool *is_foreign_r, struct err *err)
{
    if (shared_lock_enter(opening->lock, deadline) != 0) {
        err_set(err, "%s: another process has been writing all the time", opening->path);
        return -1;
    }
    struct stat status;
    struct lmdb_file file = {.lock = opening->lock,
                             .size_bytes = shared_lock_size(opening->lock),
                             .epoch = shared_lock_epoch(opening->lock)};
    if (shared_lock_is_forsaken(opening->lock))
        err_set(err, "%s: it cannot be written any more and must be replaced", opening->path);
    else
        file.lmdb = lmdb_open(opening->path, file.size_bytes, err);
    if (file.lmdb != NULL && (fstat(lmdb_fd(file.lmdb), &status) != 0 ||
                              adopt(file.lmdb, file.salt, is_foreign_r, err) != 0)) {
        lmdb_close(file.lmdb);
        file.lmdb = NULL;
    }
    shared_lock_leave(opening->lock);
    if (file.lmdb == NULL)
        return -1;
    file.device = status.st_dev;
    file.number = status.st_ino;
    *file_r = file;
    return 0;
}

static int
prepare_and_open(const struct opening *opening, struct deadline deadline, struct lmdb_file *file_r,
                 struct err *err)
{
    bool is_foreign = false;
    struct err why = {.text = ""};
    if (prepare(opening, err) != 0)
        return -1;
    if (open_prepared(opening, deadline, file_r, &is_foreign, &why) == 0)
        return 0;
    if (is_foreign && opening->is_alone && replace(opening, why.text, &why) == 0 &&
        open_prepared(opening, deadline, file_r, &is_foreign, &why) == 0)
        return 0;
    err_set(err, "%s", why.text);
    return -1;
}

static int
open_in_folder(const struct lmdb_file_wish *wish, struct deadline deadline,
               struct lmdb_file *file_r, struct err *err)
{
    struct opening opening = {.wish = wish};
    if (asprintf(&opening.path, "%s/state.mdb", wish->folder) < 0 ||
        asprintf(&opening.lmdb_lock_path, "%s-lock", opening.path) < 0 ||
        asprintf(&opening.lock_path, "%s/state.lock", wish->folder) < 0)
        abort();
    int result = -1;
    opening.lock =
        shared_lock_open(opening.lock_path, wish->forsaken_lock, &opening.is_alone, deadline, err);
    if (opening.lock != NULL)
        result = prepare_and_open(&opening, deadline, file_r, err);
    if (result == 0)
        shared_lock_ready(opening.lock);
    else
        shared_lock_close(opening.lock);
    free(opening.path);
    free(opening.lmdb_lock_path);
    free(opening.lock_path);
    return result;
}

int
lmdb_file_open(const struct lmdb_file_wish *wish, struct deadline deadline,
               struct lmdb_file *file_r, struct err *err)
{
    struct stat status;
    if (make_folder(wish->folder, &status, err) != 0)
        return -1;
    /* of this thread only; nothing to change but for root */
    int gid = setfsgid(status.st_gid), uid = setfsuid(status.st_uid);
    int result = open_in_folder(wish, deadline, file_r, err);
    setfsuid((uid_t)uid);
    setfsgid((gid_t)gid);
    return result;
}

void
lmdb_file_close(struct lmdb_file *file)
{
    lmdb_close(file->lmdb);
    shared_lock_close(file->lock);
    *file = (struct lmdb_file){.lmdb = NULL};
}

struct shared_lock *
lmdb_file_abandon(struct lmdb_file *file)
{
    struct shared_lock *lock = file->lock;
    lmdb_abandon(file->lmdb);
    *file = (struct lmdb_file){.lmdb = NULL};
    return lock;
}

bool
lmdb_file_is_left(const char *folder)
{
    char *lock_path = NULL;
    if (asprintf(&lock_path, "%s/state.lock", folder) < 0)
        abort();
    bool is_left = shared_lock_is_left(lock_path);
    free(lock_path);
    return is_left;
}

bool
lmdb_file_is_there(const struct lmdb_file *file, const char *folder, struct err *err)
{
    struct stat status;
    char *path = NULL;
    if (asprintf(&path, "%s/state.mdb", folder) < 0)
        abort();
    bool is_there = stat(path, &status) == 0 && status.st_dev == file->device &&
                    status.st_ino == file->number && (size_t)status.st_size >= file->size_bytes;
    if (!is_there)
        err_set(err, "%s was removed, replaced or cut short while in use", path);
    free(path);
    return is_there;
}
