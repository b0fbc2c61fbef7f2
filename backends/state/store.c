#include "store.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "background.h"
#include "clock.h"
#include "store_health.h"

enum { TICK_MS = 500, TEXTS_MAX = 9 + STORE_SENTINELS_MAX };

struct store {
    /* set once */
    struct store_settings settings; /* of texts and sentinels */
    const char *sentinels[STORE_SENTINELS_MAX];
    char *texts[TEXTS_MAX];
    size_t text_count;
    const struct store_engine *engine;
    void *self;
    struct background *thread; /* NULL: a command's */

    struct store_health health;
    atomic_uint_least64_t batches, failures, took_us;
};

static const struct store_engine *
engine_of(const struct store_settings *settings)
{
    switch (settings->engine) {
    case STORE_LMDB:
        return &store_lmdb;
    case STORE_REDIS:
        return &store_redis;
    }
    return &store_lmdb;
}

int
store_check(const struct store_settings *settings, struct err *err)
{
    return engine_of(settings)->check(settings, err);
}

static const char *
copy_text(struct store *store, const char *text)
{
    if (text == NULL)
        return NULL;
    assert(store->text_count < TEXTS_MAX);
    return store->texts[store->text_count++] = xstrdup(text);
}

static void
copy_settings(struct store *store, const struct store_settings *settings)
{
    assert(settings->sentinel_count <= STORE_SENTINELS_MAX);
    store->settings = *settings;
    store->settings.path = copy_text(store, settings->path);
    store->settings.url = copy_text(store, settings->url);
    store->settings.password_file = copy_text(store, settings->password_file);
    store->settings.tls.ca_file = copy_text(store, settings->tls.ca_file);
    store->settings.tls.cert_file = copy_text(store, settings->tls.cert_file);
    store->settings.tls.key_file = copy_text(store, settings->tls.key_file);
    store->settings.sentinel_master = copy_text(store, settings->sentinel_master);
    store->settings.prefix = copy_text(store, settings->prefix);
    for (size_t i = 0; i < settings->sentinel_count; i++)
        store->sentinels[i] = copy_text(store, settings->sentinels[i]);
    store->settings.sentinels = store->sentinels;
}

/* The engine's own work; while it is down, the trial whether it is back. */
static void
tick(struct store *store)
{
    struct err err = {.text = ""};
    if (!store_health_may_try(&store->health, NULL))
        return;
    struct deadline deadline = deadline_after(store->settings.timeout_ms);
    int result = store->engine->tick(store->self, clock_wall_ms(), deadline, &err);
    if (result == -1) {
        store_health_bad(&store->health, &err);
        return;
    }
    store_health_good(&store->health);
    store_health_full(&store->health, result == STORE_FULL ? &err : NULL);
}

static int
work(void *context)
{
    struct store *store = context;
    tick(store);
    return store_health_wait_ms(&store->health, TICK_MS);
}

struct store *
store_open(const struct store_settings *settings, bool is_service, struct err *err)
{
    if (store_check(settings, err) != 0)
        return NULL;
    struct store *store = xcalloc(1, sizeof *store);
    copy_settings(store, settings);
    store->engine = engine_of(settings);
    store->self = store->engine->create(&store->settings, is_service);
    store_health_init(&store->health, store->engine->name, is_service);
    atomic_init(&store->batches, 0);
    atomic_init(&store->failures, 0);
    atomic_init(&store->took_us, 0);
    tick(store);
    if (is_service)
        store->thread = background_start("store", work, store);
    return store;
}

void
store_close(struct store *store)
{
    if (store == NULL)
        return;
    background_stop(store->thread);
    store->engine->free(store->self);
    store_health_fini(&store->health);
    for (size_t i = 0; i < store->text_count; i++)
        free(store->texts[i]);
    free(store);
}

/* A service's callers never wait for a store that is down: its thread tries. A command has no other
 * who would. */
static bool
may_ask(struct store *store, struct err *err)
{
    if (store->thread != NULL)
        return store_health_is_up(&store->health, err);
    return store_health_may_try(&store->health, err);
}

/* What failed for want of the caller's time only says nothing about the store. */
static int
note(struct store *store, int result, struct deadline given, struct deadline deadline,
     const struct err *failure, struct err *err)
{
    if (result != -1)
        store_health_good(&store->health);
    if (result == 0)
        return 0;
    atomic_fetch_add(&store->failures, 1);
    if (result == STORE_FULL)
        store_health_full(&store->health, failure);
    else if (deadline.at_ms < given.at_ms || !deadline_is_over(given))
        store_health_bad(&store->health, failure);
    err_set(err, "%s", failure->text);
    return -1;
}

static int
refuse(struct store *store)
{
    atomic_fetch_add(&store->failures, 1);
    return -1;
}

int
store_run(struct store *store, struct store_op *ops, size_t count, int64_t now_ms,
          struct deadline deadline, struct err *err)
{
    if (!may_ask(store, err))
        return refuse(store);
    struct err failure = {.text = ""};
    struct deadline sooner = deadline_sooner(deadline, store->settings.timeout_ms);
    int64_t begun_us = clock_now_us();
    int result = store->engine->run(store->self, ops, count, now_ms, sooner, &failure);
    atomic_fetch_add(&store->took_us, (uint64_t)(clock_now_us() - begun_us));
    atomic_fetch_add(&store->batches, 1);
    return note(store, result, deadline, sooner, &failure, err);
}

int
store_list(struct store *store, enum store_space space, int64_t now_ms, struct deadline deadline,
           store_visit *visit, void *context, struct err *err)
{
    assert(space == STORE_BANS || space == STORE_WINDOWS || space == STORE_DRAINS);
    if (!may_ask(store, err))
        return refuse(store);
    struct err failure = {.text = ""};
    int result =
        store->engine->list(store->self, space, now_ms, deadline, visit, context, &failure);
    return note(store, result, deadline, deadline, &failure, err);
}

int
store_salt(struct store *store, unsigned char salt_r[STORE_SALT_BYTES], struct deadline deadline)
{
    if (!may_ask(store, NULL))
        return refuse(store);
    struct err failure = {.text = ""};
    struct deadline sooner = deadline_sooner(deadline, store->settings.timeout_ms);
    int result = store->engine->salt(store->self, salt_r, sooner, &failure);
    return note(store, result, deadline, sooner, &failure, NULL);
}

void
store_status(struct store *store, struct store_status *status_r)
{
    *status_r = (struct store_status){.engine = store->engine->name};
    for (size_t i = 0; i < STORE_SPACES; i++)
        status_r->held[i] = -1;
    store_health_status(&store->health, status_r);
    if (status_r->is_up)
        store->engine->status(store->self, status_r);
    status_r->batches = atomic_load(&store->batches);
    status_r->failures = atomic_load(&store->failures);
    status_r->took_us = atomic_load(&store->took_us);
}
