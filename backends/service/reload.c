#include "reload.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "alloc.h"
#include "background.h"
#include "log.h"

struct reload {
    /* set once */
    const char *path;
    reload_applied *applied;
    void *context;
    struct background *background;

    pthread_mutex_t one_at_a_time;

    pthread_mutex_t lock;
    /* under lock */
    struct site *site;
    struct site **retired; /* references to give back */
    size_t retired_count;

    atomic_bool requested;
};

static int work(void *context);

struct reload *
reload_create(const char *path, struct site *site, reload_applied *applied, void *context)
{
    struct reload *reload = xcalloc(1, sizeof *reload);
    reload->path = path;
    reload->applied = applied;
    reload->context = context;
    reload->site = site;
    pthread_mutex_init(&reload->one_at_a_time, NULL);
    pthread_mutex_init(&reload->lock, NULL);
    atomic_init(&reload->requested, false);
    reload->background = background_start("reload", work, reload);
    return reload;
}

static void
drop_retired(struct reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    struct site **retired = reload->retired;
    size_t count = reload->retired_count;
    reload->retired = NULL;
    reload->retired_count = 0;
    pthread_mutex_unlock(&reload->lock);

    for (size_t i = 0; i < count; i++)
        site_drop(retired[i]);
    free(retired);
}

void
reload_stop(struct reload *reload)
{
    background_stop(reload->background);
}

void
reload_free(struct reload *reload)
{
    drop_retired(reload);
    site_drop(reload->site);
    pthread_mutex_destroy(&reload->lock);
    pthread_mutex_destroy(&reload->one_at_a_time);
    free(reload);
}

struct site *
reload_hold(struct reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    struct site *site = site_hold(reload->site);
    pthread_mutex_unlock(&reload->lock);
    return site;
}

/* Under lock. */
static void
retire(struct reload *reload, struct site *site)
{
    reload->retired = xrealloc(reload->retired, reload->retired_count + 1, sizeof(struct site *));
    reload->retired[reload->retired_count++] = site;
}

void
reload_release(struct reload *reload, struct site *site)
{
    pthread_mutex_lock(&reload->lock);
    bool is_old = site != reload->site;
    if (is_old)
        retire(reload, site);
    else
        site_drop(site); /* never the last reference: reload has one */
    pthread_mutex_unlock(&reload->lock);
    if (is_old)
        background_wake(reload->background);
}

void
reload_log_problems(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        log_event(problems_weight(problems, i) == PROBLEM_WARNING ? LOG_WARN : LOG_ERROR,
                  "config.problem", LOG_STR("problem", problems_line(problems, i)));
}

static void
swap(struct reload *reload, struct site *site)
{
    pthread_mutex_lock(&reload->lock);
    struct site *old = reload->site;
    reload->site = site;
    retire(reload, old);
    /* Told under lock: old stays for as long as it is looked at. */
    reload->applied(reload->context, old, site);
    pthread_mutex_unlock(&reload->lock);
    background_wake(reload->background);
}

int
reload_now(struct reload *reload, struct problems *problems)
{
    pthread_mutex_lock(&reload->one_at_a_time);
    struct site *site = site_load(reload->path, reload->site->purpose, reload->site, problems);
    reload_log_problems(problems);
    if (site != NULL) {
        swap(reload, site);
        log_event(LOG_INFO, "config.reloaded", LOG_STR("file", reload->path));
    } else {
        log_event(LOG_ERROR, "config.kept", LOG_STR("file", reload->path),
                  LOG_INT("errors", (int64_t)problems->errors));
    }
    pthread_mutex_unlock(&reload->one_at_a_time);
    return site != NULL ? 0 : -1;
}

void
reload_request(struct reload *reload)
{
    atomic_store(&reload->requested, true);
    background_wake(reload->background);
}

static int
work(void *context)
{
    struct reload *reload = context;
    if (atomic_exchange(&reload->requested, false)) {
        struct problems problems;
        problems_init(&problems);
        reload_now(reload, &problems);
        problems_fini(&problems);
    }
    drop_retired(reload);
    return INT_MAX;
}
