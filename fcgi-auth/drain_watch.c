/*
 * Sorted lists: the one that holds, and the one that was just read, which takes its place if it
 * differs. A site that comes into service is told under the same lock as the list is exchanged, and
 * the thread tells the one in service afterwards: so the last that any upstream hears is the newest
 * list, whichever comes first.
 */
#include "drain_watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "background.h"
#include "clock.h"
#include "date.h"
#include "drains.h"
#include "log.h"

enum { EVERY_MS = 1000 };

struct drain_set {
    struct drain *all; /* by upstream and server */
    size_t count, room;
};

struct drain_watch {
    /* set once */
    struct store *store;
    int64_t timeout_ms;
    struct reload *reload;
    struct background *thread;

    pthread_mutex_t lock;
    /* under lock */
    struct drain_set known;
};

static void
add(struct drain_set *set, const struct drain *drain)
{
    if (set->count == set->room) {
        set->room = set->room > 0 ? 2 * set->room : 16;
        set->all = xrealloc(set->all, set->room, sizeof *set->all);
    }
    set->all[set->count++] = *drain;
}

static bool
collect(void *context, const struct drain *drain)
{
    add(context, drain);
    return true;
}

static int
compare(const void *a, const void *b)
{
    const struct drain *one = a, *two = b;
    const int order = strcmp(one->upstream, two->upstream);
    return order != 0 ? order : strcmp(one->server, two->server);
}

/* A list that changes while it is read may name a server twice. */
static void
sort(struct drain_set *set)
{
    size_t kept = 0;
    if (set->count > 0)
        qsort(set->all, set->count, sizeof *set->all, compare);
    for (size_t i = 0; i < set->count; i++)
        if (kept == 0 || compare(&set->all[kept - 1], &set->all[i]) != 0)
            set->all[kept++] = set->all[i];
    set->count = kept;
}

static bool
has(const struct drain_set *set, const struct drain *drain)
{
    return set->count > 0 &&
           bsearch(drain, set->all, set->count, sizeof *set->all, compare) != NULL;
}

static void
log_begun(const struct drain *drain)
{
    char until[DATE_TEXT_MAX];
    date_format(drain->until_ms / 1000, until);
    log_event(LOG_INFO, "upstream.drained", LOG_STR("upstream", drain->upstream),
              LOG_STR("server", drain->server),
              LOG_STR("until", drain->until_ms != INT64_MAX ? until : NULL),
              LOG_STR("reason", drain->reason));
}

static void
log_ended(const struct drain *drain)
{
    log_event(LOG_INFO, "upstream.resumed", LOG_STR("upstream", drain->upstream),
              LOG_STR("server", drain->server));
}

/* Returns whether other servers are drained now. */
static bool
log_changes(const struct drain_set *before, const struct drain_set *after)
{
    bool has_changed = false;
    for (size_t i = 0; i < before->count; i++)
        if (!has(after, &before->all[i])) {
            log_ended(&before->all[i]);
            has_changed = true;
        }
    for (size_t i = 0; i < after->count; i++)
        if (!has(before, &after->all[i])) {
            log_begun(&after->all[i]);
            has_changed = true;
        }
    return has_changed;
}

/* What is known already and not over. */
static void
keep(struct drain_watch *watch, int64_t now_ms, struct drain_set *kept_r)
{
    *kept_r = (struct drain_set){.count = 0};
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < watch->known.count; i++)
        if (watch->known.all[i].until_ms > now_ms)
            add(kept_r, &watch->known.all[i]);
    pthread_mutex_unlock(&watch->lock);
}

/* What holds from now on; the store itself says in the log that it cannot be asked. */
static void
find(struct drain_watch *watch, struct drain_set *set_r)
{
    struct err err;
    const int64_t now_ms = clock_wall_ms();
    *set_r = (struct drain_set){.count = 0};
    if (drains_list(watch->store, now_ms, deadline_after(watch->timeout_ms), collect, set_r,
                    &err) == 0) {
        sort(set_r);
        return;
    }
    free(set_r->all);
    keep(watch, now_ms, set_r);
}

/* Returns whether other servers are drained now. */
static bool
renew(struct drain_watch *watch)
{
    struct drain_set found;
    find(watch, &found);
    pthread_mutex_lock(&watch->lock);
    struct drain_set before = watch->known;
    watch->known = found;
    const bool has_changed = log_changes(&before, &found);
    pthread_mutex_unlock(&watch->lock);
    free(before.all);
    return has_changed;
}

struct drain_watch *
drain_watch_create(struct store *store, int64_t timeout_ms)
{
    struct drain_watch *watch = xcalloc(1, sizeof *watch);
    watch->store = store;
    watch->timeout_ms = timeout_ms;
    pthread_mutex_init(&watch->lock, NULL);
    renew(watch);
    return watch;
}

static bool
is_of(const struct drain *drain, const char *upstream)
{
    const char *name = drain->upstream;
    while (*name != '\0' && *name == ascii_lower(*upstream)) {
        name++;
        upstream++;
    }
    return *name == '\0' && *upstream == '\0';
}

/* Under lock; names has room for all. */
static void
tell_one(const struct drain_watch *watch, struct upstream *upstream, const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < watch->known.count; i++)
        if (is_of(&watch->known.all[i], upstream_name(upstream)))
            names[count++] = watch->known.all[i].server;
    upstream_set_drained(upstream, names, count);
}

void
drain_watch_tell(struct drain_watch *watch, const struct site *site)
{
    struct upstream *upstream;
    pthread_mutex_lock(&watch->lock);
    const char **names = xcalloc(watch->known.count + 1, sizeof *names);
    for (size_t i = 0; (upstream = site_upstream(site, i)) != NULL; i++)
        tell_one(watch, upstream, names);
    pthread_mutex_unlock(&watch->lock);
    free(names);
}

static int
work(void *context)
{
    struct drain_watch *watch = context;
    if (renew(watch)) {
        struct site *site = reload_hold(watch->reload);
        drain_watch_tell(watch, site);
        reload_release(watch->reload, site);
    }
    return EVERY_MS;
}

void
drain_watch_start(struct drain_watch *watch, struct reload *reload)
{
    watch->reload = reload;
    watch->thread = background_start("drains", work, watch);
}

void
drain_watch_free(struct drain_watch *watch)
{
    if (watch == NULL)
        return;
    background_stop(watch->thread);
    pthread_mutex_destroy(&watch->lock);
    free(watch->known.all);
    free(watch);
}
