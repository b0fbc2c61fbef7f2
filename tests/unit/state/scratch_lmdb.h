/* An LMDB store in a scratch folder, for tests of what happens to its file. */
#ifndef MAILREEVE_TEST_STATE_SCRATCH_LMDB_H
#define MAILREEVE_TEST_STATE_SCRATCH_LMDB_H

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "key.h"
#include "store.h"

enum { SCRATCH_WAIT_MS = 20000, SCRATCH_PATH_MAX = 96, SCRATCH_BYTES = 4 << 20 };

struct scratch {
    char folder[SCRATCH_PATH_MAX / 2];
    char file[SCRATCH_PATH_MAX];
    int64_t size_bytes, timeout_ms;
};

static inline int
scratch_remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void
scratch_make(struct scratch *scratch)
{
    *scratch = (struct scratch){.folder = "/tmp/mailreeve-lmdb-XXXXXX",
                                .size_bytes = SCRATCH_BYTES,
                                .timeout_ms = SCRATCH_WAIT_MS};
    assert_non_null(mkdtemp(scratch->folder));
    snprintf(scratch->file, sizeof scratch->file, "%s/state.mdb", scratch->folder);
}

static inline void
scratch_remove(struct scratch *scratch)
{
    assert_int_equal(nftw(scratch->folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct store *
scratch_open(const struct scratch *scratch, bool is_service)
{
    const struct store_settings settings = {.engine = STORE_LMDB,
                                            .path = scratch->folder,
                                            .size_bytes = scratch->size_bytes,
                                            .timeout_ms = scratch->timeout_ms};
    struct err err = {.text = ""};
    struct store *store = store_open(&settings, is_service, &err);
    if (store == NULL)
        fail_msg("%s", err.text);
    return store;
}

static inline struct store_status
scratch_status(struct store *store)
{
    struct store_status status;
    store_status(store, &status);
    return status;
}

/* 10.0.0.0 and the following. */
static inline struct netprefix
scratch_network(uint32_t number)
{
    struct netaddr addr = {
        .family = NETADDR_IPV4,
        .bytes = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
    return netaddr_prefix(&addr, 32);
}

/* One for each number, and in no order, as those of addresses are. */
static inline struct store_key
scratch_key(uint32_t number)
{
    number = (number ^ number >> 15) * 2654435761u;
    number = (number ^ number >> 13) * 2246822519u;
    struct bytes part = {&number, sizeof number};
    return key_make('t', &part, 1);
}

static inline struct store_op
scratch_set_ban(uint32_t number)
{
    struct store_op op = {.action = STORE_SET_BAN, .network = scratch_network(number)};
    op.ban = (struct store_ban){.network = op.network, .until_ms = INT64_MAX, .reason = "test"};
    return op;
}

static inline struct store_op
scratch_find_ban(uint32_t number)
{
    return (struct store_op){.action = STORE_FIND_BAN, .network = scratch_network(number)};
}

static inline struct store_op
scratch_count(uint32_t number, int64_t amount)
{
    return (struct store_op){.action = STORE_COUNT,
                             .space = STORE_COUNTERS,
                             .key = scratch_key(number),
                             .window_ms = INT64_C(24) * 3600 * 1000,
                             .amount = amount};
}

static inline int
scratch_try(struct store *store, struct store_op *ops, size_t count, struct err *err)
{
    return store_run(store, ops, count, clock_wall_ms(), deadline_after(SCRATCH_WAIT_MS), err);
}

static inline void
scratch_run(struct store *store, struct store_op *ops, size_t count)
{
    struct err err = {.text = ""};
    if (scratch_try(store, ops, count, &err) != 0)
        fail_msg("%s", err.text);
}

static inline void
scratch_ban(struct store *store, uint32_t number)
{
    struct store_op op = scratch_set_ban(number);
    scratch_run(store, &op, 1);
    assert_true(op.hit);
}

static inline bool
scratch_is_banned(struct store *store, uint32_t number)
{
    struct store_op op = scratch_find_ban(number);
    scratch_run(store, &op, 1);
    return op.hit;
}

/* Runs until it works. */
static inline void
scratch_wait_up(struct store *store)
{
    struct deadline deadline = deadline_after(SCRATCH_WAIT_MS);
    struct store_op op = scratch_find_ban(0);
    struct err err = {.text = ""};
    while (scratch_try(store, &op, 1, &err) != 0) {
        if (deadline_is_over(deadline))
            fail_msg("still down: %s", err.text);
        poll(NULL, 0, 5);
    }
}

#endif
