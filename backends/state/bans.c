#include "bans.h"

#include <stdio.h>

#include "batch.h"
#include "screening_keys.h"

int
bans_add(struct store *store, const struct netprefix *network, int64_t length_ms,
         const char *reason, int64_t now_ms, struct deadline deadline, struct err *err)
{
    struct store_op op = {
        .action = STORE_SET_BAN,
        .space = STORE_BANS,
        .network = *network,
        .ban = {.network = *network,
                .since_ms = now_ms,
                .until_ms = length_ms > 0 && length_ms < INT64_MAX - now_ms ? now_ms + length_ms
                                                                            : INT64_MAX,
                .maker = BAN_BY_HAND},
    };
    snprintf(op.ban.reason, sizeof op.ban.reason, "%s", reason);
    if (store_run(store, &op, 1, now_ms, deadline, err) != 0)
        return -1;
    if (op.hit)
        return 0;
    err_set(err, "the store has no room for another ban (a larger size in the section state)");
    return -1;
}

int
bans_remove(struct store *store, const struct netprefix *network, int64_t now_ms,
            struct deadline deadline, bool *was_there_r, struct err *err)
{
    struct batch batch;
    batch_init(&batch, 1 + network_count_count);
    struct store_op *ban = batch_add(&batch, STORE_REMOVE, STORE_BANS);
    ban->network = *network;
    for (size_t i = 0; i < network_count_count; i++)
        batch_add(&batch, STORE_REMOVE, STORE_COUNTERS)->key =
            network_key(network_counts[i], network);
    int result = batch_run(&batch, store, now_ms, deadline, err);
    *was_there_r = result == 0 && op_has_hit(ban);
    batch_fini(&batch);
    return result;
}

struct listing {
    bans_visit *visit;
    void *context;
};

static bool
visit_item(void *context, const struct store_item *item)
{
    const struct listing *listing = context;
    return listing->visit(listing->context, &item->ban);
}

int
bans_list(struct store *store, int64_t now_ms, struct deadline deadline, bans_visit *visit,
          void *context, struct err *err)
{
    struct listing listing = {visit, context};
    return store_list(store, STORE_BANS, now_ms, deadline, visit_item, &listing, err);
}

const char *
ban_maker_name(enum ban_maker maker)
{
    switch (maker) {
    case BAN_BY_COUNT:
        return "count";
    case BAN_BY_LISTENER:
        return "listener";
    case BAN_BY_HAND:
        return "hand";
    }
    return "count";
}
