/*
 * The engine "redis".
 */
#include "redis_url.h"
#include "store.h"

#include <stdlib.h>

#include "alloc.h"
#include "endpoint.h"

struct redis_store {
    const struct store_settings *settings; /* set once */
};

static int
check_sentinels(const struct store_settings *settings, struct err *err)
{
    struct endpoint_text parsed;
    for (size_t i = 0; i < settings->sentinel_count; i++) {
        if (endpoint_parse(settings->sentinels[i], REDIS_SENTINEL_PORT, &parsed, err) == 0)
            continue;
        err_wrap(err, "sentinels");
        return -1;
    }
    if (settings->sentinel_count > 0 &&
        (settings->sentinel_master == NULL || settings->sentinel_master[0] == '\0')) {
        err_set(err, "sentinels without a master (set master to the name that they know it by)");
        return -1;
    }
    return 0;
}

static int
redis_store_check(const struct store_settings *settings, struct err *err)
{
    struct redis_url url;
    if (settings->url == NULL) {
        err_set(err, "no url (write redis://HOST:PORT or unix:/PATH)");
        return -1;
    }
    if (redis_url_parse(settings->url, &url, err) != 0)
        return -1;
    redis_url_fini(&url);
    return check_sentinels(settings, err);
}

static void *
redis_store_create(const struct store_settings *settings, bool is_service)
{
    (void)is_service;
    struct redis_store *store = xcalloc(1, sizeof *store);
    store->settings = settings;
    return store;
}

static int
redis_store_run(void *self, struct store_op *ops, size_t count, int64_t now_ms,
                struct deadline deadline, struct err *err)
{
    (void)self, (void)ops, (void)count, (void)now_ms, (void)deadline;
    err_set(err, "cannot ask the Redis server");
    return -1;
}

static int
redis_store_list(void *self, enum store_space space, int64_t now_ms, struct deadline deadline,
                 store_visit *visit, void *context, struct err *err)
{
    (void)self, (void)space, (void)now_ms, (void)deadline, (void)visit, (void)context;
    err_set(err, "cannot ask the Redis server");
    return -1;
}

static int
redis_store_salt(void *self, unsigned char salt_r[STORE_SALT_BYTES], struct deadline deadline,
                 struct err *err)
{
    (void)self, (void)salt_r, (void)deadline;
    err_set(err, "cannot ask the Redis server");
    return -1;
}

static int
redis_store_tick(void *self, int64_t now_ms, struct deadline deadline, struct err *err)
{
    (void)self, (void)now_ms, (void)deadline;
    err_set(err, "cannot ask the Redis server");
    return -1;
}

static void
redis_store_status(void *self, struct store_status *status_r)
{
    (void)self;
    for (size_t i = 0; i < STORE_SPACES; i++)
        status_r->held[i] = -1;
}

static void
redis_store_free(void *self)
{
    free(self);
}

const struct store_engine store_redis = {
    .name = "redis",
    .check = redis_store_check,
    .create = redis_store_create,
    .run = redis_store_run,
    .list = redis_store_list,
    .salt = redis_store_salt,
    .tick = redis_store_tick,
    .status = redis_store_status,
    .free = redis_store_free,
};
