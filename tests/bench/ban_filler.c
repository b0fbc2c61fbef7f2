#include "ban_filler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "deadline.h"

enum { BATCH = 64, BUDGET_MS = 10000, EVERY_WIDE = 16, DAY_MS = 86400000 };

static struct netaddr
ipv4(uint32_t number)
{
    struct netaddr addr = {.family = NETADDR_IPV4};
    for (unsigned i = 0; i < 4; i++)
        addr.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    return addr;
}

/* Neighbours in number are none in the store. */
static uint32_t
mix(uint32_t number)
{
    return number * 2654435761u;
}

/* Wide ones are below 128.0.0.0; single ones above, with the last bit set. */
static struct netprefix
banned_network(uint32_t number)
{
    struct netaddr addr;
    if (number % EVERY_WIDE == 0) {
        addr = ipv4(mix(number / EVERY_WIDE) >> 1);
        return netaddr_prefix(&addr, 24);
    }
    addr = ipv4(mix(number) | 0x80000001u);
    return netaddr_prefix(&addr, 32);
}

struct netaddr
unbanned_client(uint32_t number)
{
    return ipv4((mix(number) | 0x80000000u) & ~1u);
}

struct store *
open_bench_store(const char *where, int64_t size_bytes)
{
    struct err err;
    bool is_redis = strncmp(where, "unix:", 5) == 0 || strncmp(where, "redis:", 6) == 0;
    struct store_settings settings = {
        .engine = is_redis ? STORE_REDIS : STORE_LMDB,
        .path = where,
        .url = is_redis ? where : NULL,
        .size_bytes = size_bytes,
        .prefix = "mailreeve:",
        .connections = 4,
        .timeout_ms = BUDGET_MS,
    };
    struct store *store = store_open(&settings, true, &err);
    if (store == NULL) {
        fprintf(stderr, "%s: %s\n", where, err.text);
        exit(EXIT_FAILURE);
    }
    return store;
}

void
fill_bans(struct store *store, size_t count)
{
    static struct store_op ops[BATCH];
    const int64_t now_ms = clock_wall_ms();
    struct err err;
    for (size_t at = 0; at < count; at += BATCH) {
        size_t batch = count - at < BATCH ? count - at : BATCH;
        for (size_t i = 0; i < batch; i++)
            ops[i] = (struct store_op){
                .action = STORE_SET_BAN,
                .space = STORE_BANS,
                .network = banned_network((uint32_t)(at + i)),
                .ban = {.network = banned_network((uint32_t)(at + i)),
                        .since_ms = now_ms,
                        .until_ms = now_ms + DAY_MS,
                        .offences = 1,
                        .maker = BAN_BY_COUNT,
                        .reason = "auth.bad-credentials"},
            };
        if (store_run(store, ops, batch, now_ms, deadline_after(BUDGET_MS), &err) != 0) {
            fprintf(stderr, "ban %zu: %s\n", at, err.text);
            exit(EXIT_FAILURE);
        }
    }
}
