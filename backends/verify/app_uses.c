#include "app_uses.h"

#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "background.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "uses_file.h"

enum { WRITE_EVERY_MS = 60000, IDLE_MS = 3600000, NEW_FILE_MODE = 0640, LOCK_WAIT_MS = 2000 };
const unsigned long app_uses_bytes_max = 1UL << 28;

struct app_uses {
    /* set once */
    const char *source, *path;
    bool (*is_known)(const void *context, const char *user, const char *app);
    const void *context;
    pthread_mutex_t lock;
    /* under lock */
    struct background
        *writer; /* from the first use on: who only checks a configuration needs none */
    struct uses_file *uses;
    bool is_new; /* something that is not in the file */
    int64_t write_again_ms;
    bool is_broken; /* the last write failed, which was told */
};

char *
app_uses_path(const char *users_file)
{
    char *path = NULL;
    if (asprintf(&path, "%s.used", users_file) < 0)
        abort();
    return path;
}

/* Reads what others wrote. A file that is not there says nothing. Returns the text, or NULL with
 * err. */
static char *
read_file(const char *path, size_t *length_r, struct err *err)
{
    *length_r = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return xstrdup("");
    return file_read(path, app_uses_bytes_max, length_r, err);
}

static void
tell_result(struct app_uses *uses, int status, const struct err *err)
{
    pthread_mutex_lock(&uses->lock);
    bool is_news = status != 0 && !uses->is_broken;
    uses->is_broken = status != 0;
    uses->is_new |= status != 0; /* to be tried again */
    pthread_mutex_unlock(&uses->lock);
    if (is_news)
        log_event(LOG_WARN, "users.uses-not-kept", LOG_STR("source", uses->source),
                  LOG_STR("file", uses->path), LOG_STR("error", err->text),
                  LOG_STR("effect", "when app passwords were last used is forgotten at the end"));
}

/* A file that the operator's command made as root belongs to whom the folder belongs to: the
 * service must be able to replace it. */
static void
give_to_service(const char *path)
{
    struct stat folder;
    char *copy = xstrdup(path);
    if (geteuid() == 0 && stat(dirname(copy), &folder) == 0 &&
        lchown(path, folder.st_uid, folder.st_gid) != 0)
        log_event(LOG_WARN, "users.uses-not-given", LOG_STR("file", path),
                  LOG_STR("error", strerror(errno)));
    free(copy);
}

/* Root writes nothing where somebody else may put a link in the place of a file: the service, whose
 * folder that is, writes there. */
static bool
is_ours_to_write(const char *path)
{
    struct stat folder;
    char *copy = xstrdup(path);
    bool is_ours = geteuid() != 0 || stat(dirname(copy), &folder) != 0 ||
                   (folder.st_uid == 0 && (folder.st_mode & (S_IWGRP | S_IWOTH)) == 0);
    free(copy);
    return is_ours;
}

/* The file is read first: whoever wrote it knows of uses that we do not. Disks may hang: none is
 * waited for with the lock that logins need. Returns 0, or -1 with err. */
static int
replace_file(struct app_uses *uses, struct err *err)
{
    size_t length = 0;
    char *theirs = read_file(uses->path, &length, err);
    if (theirs == NULL)
        return -1;
    pthread_mutex_lock(&uses->lock);
    uses_file_merge(uses->uses, theirs, length);
    char *text = uses_file_format(uses->uses, uses->is_known, uses->context, &length);
    pthread_mutex_unlock(&uses->lock);
    free(theirs);

    bool is_new = access(uses->path, F_OK) != 0;
    int status = file_replace(uses->path, text, length, NEW_FILE_MODE, err);
    if (status == 0 && is_new)
        give_to_service(uses->path);
    free(text);
    return status;
}

/* Others who write the file (before a reload, or of another source) wait for each other. */
static void
write_file(struct app_uses *uses)
{
    struct err err;
    if (!is_ours_to_write(uses->path))
        return;
    int lock = file_lock(uses->path, LOCK_WAIT_MS, &err);
    int status = lock < 0 ? -1 : replace_file(uses, &err);
    if (lock >= 0)
        close(lock);
    tell_result(uses, status, &err);
}

static int
write_if_due(void *context)
{
    struct app_uses *uses = context;
    int64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&uses->lock);
    bool is_new = uses->is_new;
    int64_t wait_ms = uses->write_again_ms - now_ms;
    bool is_due = is_new && wait_ms <= 0;
    if (is_due) {
        uses->is_new = false;
        uses->write_again_ms = now_ms + WRITE_EVERY_MS;
    }
    pthread_mutex_unlock(&uses->lock);
    if (is_due)
        write_file(uses);
    return is_due ? WRITE_EVERY_MS : is_new ? (int)wait_ms : IDLE_MS;
}

struct app_uses *
app_uses_open(const char *source, const char *path,
              bool (*is_known)(const void *context, const char *user, const char *app),
              const void *context)
{
    struct app_uses *uses = xcalloc(1, sizeof *uses);
    uses->source = source;
    uses->path = path;
    uses->is_known = is_known;
    uses->context = context;
    uses->uses = uses_file_create();
    pthread_mutex_init(&uses->lock, NULL);
    return uses;
}

void
app_uses_note(struct app_uses *uses, const char *user, const char *app, int64_t wall_s)
{
    pthread_mutex_lock(&uses->lock);
    bool is_first = !uses->is_new;
    uses->is_new = true;
    uses_file_note(uses->uses, user, app, wall_s);
    if (uses->writer == NULL)
        uses->writer = background_try("app-uses", write_if_due, uses);
    else if (is_first)
        background_wake(uses->writer);
    pthread_mutex_unlock(&uses->lock);
}

void
app_uses_close(struct app_uses *uses)
{
    if (uses == NULL)
        return;
    background_stop(uses->writer);
    if (uses->is_new)
        write_file(uses);
    pthread_mutex_destroy(&uses->lock);
    uses_file_free(uses->uses);
    free(uses);
}
