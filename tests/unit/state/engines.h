/* The engines that the tables of this folder run on: LMDB in a scratch folder, and a real
 * redis-server on a unix socket in there, if it is installed. */
#ifndef MAILREEVE_TEST_STATE_ENGINES_H
#define MAILREEVE_TEST_STATE_ENGINES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "redis_server.h"
#include "store.h"

enum { ENGINES = 2, ENGINE_PATH_MAX = 128, ENGINE_WAIT_MS = 10000 };

static const enum store_engine_name all_engines[ENGINES] = {STORE_LMDB, STORE_REDIS};

static struct {
    char folder[ENGINE_PATH_MAX];
    struct redis_server redis;
    bool has_redis;
    unsigned opened;
} engines;

static inline int
engines_remove(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

/* Group set-up and tear-down. */
static inline int
engines_start(void **unused)
{
    (void)unused;
    snprintf(engines.folder, sizeof engines.folder, "/tmp/mailreeve-state-XXXXXX");
    if (mkdtemp(engines.folder) == NULL)
        return -1;
    engines.has_redis = redis_server_start(&engines.redis);
    if (!engines.has_redis)
        printf("redis-server does not start or is not installed: the tables run on LMDB alone\n");
    return 0;
}

static inline int
engines_stop(void **unused)
{
    (void)unused;
    redis_server_stop(&engines.redis);
    return nftw(engines.folder, engines_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline bool
engines_have(enum store_engine_name engine)
{
    return engine == STORE_LMDB || engines.has_redis;
}

static inline const char *
engines_name(enum store_engine_name engine)
{
    return engine == STORE_LMDB ? "lmdb" : "redis";
}

/* A store in which nothing is yet. */
static inline struct store *
engines_open(enum store_engine_name engine)
{
    char path[ENGINE_PATH_MAX + 16], prefix[16];
    snprintf(path, sizeof path, "%s/lmdb%u", engines.folder, ++engines.opened);
    snprintf(prefix, sizeof prefix, "t%u:", engines.opened);
    const struct store_settings settings = {
        .engine = engine,
        .path = path,
        .size_bytes = 4 << 20,
        .url = engines.redis.url,
        .prefix = prefix,
        .connections = 16,
        .timeout_ms = ENGINE_WAIT_MS,
    };
    struct err err = {""};
    struct store *store = store_open(&settings, true, &err);
    if (store == NULL)
        fail_msg("%s: %s", engines_name(engine), err.text);
    return store;
}

/* A store that cannot be asked: its folder's parent is not there. */
static inline struct store *
engines_open_down(void)
{
    char path[ENGINE_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/no/folder", engines.folder);
    const struct store_settings settings = {
        .engine = STORE_LMDB, .path = path, .size_bytes = 4 << 20, .timeout_ms = ENGINE_WAIT_MS};
    struct store *store = store_open(&settings, true, NULL);
    assert_non_null(store);
    return store;
}

#endif
