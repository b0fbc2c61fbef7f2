#include "users_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "users_file.h"

enum { LOOK_EVERY_MS = 1000, SETTLED_MS = 200 };
static const size_t file_max_bytes = (size_t)1 << 30;

struct users_watch {
    /* set once */
    const char *source, *file;
    pthread_mutex_t lock;
    /* under lock */
    struct held *current; /* the parsed file */
    int64_t look_again_ms;
    /* of the one session that looks at the file */
    struct stat seen;
    atomic_bool knows_clear;
};

static void
free_users(void *users)
{
    users_file_free(users);
}

struct held *
users_watch_take(struct users_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    struct held *users = held_take(watch->current);
    pthread_mutex_unlock(&watch->lock);
    return users;
}

/* Reads and parses the file. Returns NULL after telling why. */
static struct users_file *
read_users(const char *file,
           void (*problem)(void *context, struct origin origin, const struct err *err),
           void *context)
{
    struct err err;
    size_t length = 0;
    char *text = file_read(file, file_max_bytes, &length, &err);
    if (text == NULL) {
        problem(context, (struct origin){file, 0}, &err);
        return NULL;
    }
    struct users_file *users = users_file_parse(text, length, file, problem, context);
    explicit_bzero(text, length);
    free(text);
    return users;
}

static bool
is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Returns all zeros if it is not there. */
static struct stat
see(const char *file)
{
    struct stat seen = {0};
    (void)stat(file, &seen);
    return seen;
}

/* An editor that writes over a file makes it empty first: what was changed a moment ago may be half
 * of it. A change in the future is one before the clock was set back. */
static bool
is_settled(const struct stat *seen)
{
    int64_t changed_ms = seen->st_ctim.tv_sec * 1000LL + seen->st_ctim.tv_nsec / 1000000;
    int64_t age_ms = clock_wall_ms() - changed_ms;
    return age_ms < 0 || age_ms >= SETTLED_MS;
}

/* What went wrong while a file is read again: the first problem and how many there were. */
struct complaint {
    struct origin first;
    struct err err;
    size_t count;
};

static void
complain(void *context, struct origin origin, const struct err *err)
{
    struct complaint *complaint = context;
    if (complaint->count++ > 0)
        return;
    complaint->first = origin;
    complaint->err = *err;
}

/* Looks at the file and, if it has changed, puts what it says in the place of what it said; while
 * somebody writes it, next time. */
static void
look(struct users_watch *watch)
{
    const struct stat now = see(watch->file);
    if (is_unchanged(&watch->seen, &now) || !is_settled(&now))
        return;

    struct complaint complaint = {0};
    struct users_file *users = read_users(watch->file, complain, &complaint);
    const struct stat behind = see(watch->file);
    if (!is_unchanged(&now, &behind)) {
        users_file_free(users);
        return;
    }
    watch->seen = now;
    if (users == NULL) {
        log_event(LOG_ERROR, "users.broken", LOG_STR("source", watch->source),
                  LOG_STR("file", watch->file), LOG_INT("line", complaint.first.line),
                  LOG_STR("error", complaint.err.text),
                  LOG_INT("problems", (int64_t)complaint.count),
                  LOG_STR("effect", "the users that were read before stay"));
        return;
    }
    log_event(LOG_INFO, "users.read", LOG_STR("source", watch->source),
              LOG_STR("file", watch->file), LOG_INT("users", (int64_t)users_file_count(users)),
              LOG_INT("app_passwords", (int64_t)users_file_app_count(users)));
    struct held *fresh = held_create(users, free_users);
    pthread_mutex_lock(&watch->lock);
    struct held *stale = watch->current;
    watch->current = fresh;
    atomic_store(&watch->knows_clear, users_file_knows_clear(users));
    pthread_mutex_unlock(&watch->lock);
    held_drop(stale);
}

void
users_watch_look(struct users_watch *watch)
{
    int64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&watch->lock);
    bool is_due = now_ms >= watch->look_again_ms;
    if (is_due)
        watch->look_again_ms = INT64_MAX;
    pthread_mutex_unlock(&watch->lock);
    if (!is_due)
        return;

    look(watch);
    pthread_mutex_lock(&watch->lock);
    watch->look_again_ms = clock_now_ms() + LOOK_EVERY_MS;
    pthread_mutex_unlock(&watch->lock);
}

struct users_watch *
users_watch_open(const char *source, const char *file,
                 void (*problem)(void *context, struct origin origin, const struct err *err),
                 void *context)
{
    const struct stat seen = see(file);
    struct users_file *users = read_users(file, problem, context);
    if (users == NULL)
        return NULL;
    struct users_watch *watch = xcalloc(1, sizeof *watch);
    watch->source = source;
    watch->file = file;
    pthread_mutex_init(&watch->lock, NULL);
    watch->current = held_create(users, free_users);
    watch->look_again_ms = clock_now_ms() + LOOK_EVERY_MS;
    watch->seen = seen;
    atomic_store(&watch->knows_clear, users_file_knows_clear(users));
    return watch;
}

void
users_watch_close(struct users_watch *watch)
{
    if (watch == NULL)
        return;
    held_drop(watch->current);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

bool
users_watch_knows_clear(const struct users_watch *watch)
{
    return atomic_load(&watch->knows_clear);
}
