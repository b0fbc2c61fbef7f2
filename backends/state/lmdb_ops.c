#include "lmdb_ops.h"

#include <string.h>

#include "counter.h"
#include "lmdb_bans.h"

struct batch {
    struct lmdb_spaces *spaces;
    struct store_op *ops;
    int64_t now_ms;
    bool is_full;
};

static const struct bytes nothing = {NULL, 0};

static bool
only_reads(const struct store_op *op)
{
    switch (op->action) {
    case STORE_GET:
    case STORE_FIND_BAN:
        return true;
    case STORE_COUNT:
        return op->amount == 0 && op->take == 0;
    case STORE_ADMIT:
    case STORE_MARK:
        return op->amount == 0;
    case STORE_PUT:
    case STORE_REMOVE:
    case STORE_ADMIT_MEMBER:
    case STORE_OFFEND:
    case STORE_SET_BAN:
        return false;
    }
    return false;
}

bool
lmdb_ops_only_read(const struct store_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!only_reads(&ops[i]))
            return false;
    return true;
}

static void
run_get(struct batch *batch, struct store_op *op)
{
    struct bytes value;
    op->hit = lmdb_spaces_get(batch->spaces, op->space, &op->key, batch->now_ms, &value) &&
              value.length <= STORE_VALUE_MAX;
    if (!op->hit || op->value_r == NULL)
        return;
    memcpy(op->value_r->bytes, value.start, value.length);
    op->value_r->length = value.length;
}

static void
run_put(struct batch *batch, struct store_op *op)
{
    int64_t ends_ms =
        op->lifetime_ms > INT64_MAX - batch->now_ms ? INT64_MAX : batch->now_ms + op->lifetime_ms;
    op->hit = true;
    if (ends_ms > batch->now_ms && op->space == STORE_DRAINS &&
        !lmdb_spaces_have_room_for_drain(batch->spaces, batch->now_ms)) {
        op->hit = false;
        batch->is_full = true;
    } else if (ends_ms > batch->now_ms)
        lmdb_spaces_put(batch->spaces, op->space, &op->key, ends_ms,
                        (struct bytes){op->value, op->value_length});
    else
        lmdb_spaces_remove(batch->spaces, op->space, &op->key, batch->now_ms);
}

static void
run_remove(struct batch *batch, struct store_op *op)
{
    op->hit = op->space == STORE_BANS
                  ? lmdb_bans_remove(batch->spaces, &op->network, batch->now_ms)
                  : lmdb_spaces_remove(batch->spaces, op->space, &op->key, batch->now_ms);
}

static void
read_counter(struct batch *batch, const struct store_op *op, struct counter *counter_r)
{
    struct bytes value;
    if (!lmdb_spaces_get(batch->spaces, op->space, &op->key, batch->now_ms, &value))
        value = nothing;
    counter_read(counter_r, value, op->window_ms, batch->now_ms);
}

static void
write_counter(struct batch *batch, const struct store_op *op, const struct counter *counter)
{
    if (counter->count == 0)
        lmdb_spaces_take_out(batch->spaces, op->space, &op->key);
    else
        lmdb_spaces_put_back(batch->spaces, op->space, &op->key,
                             counter_ends_ms(counter, op->window_ms), counter_bytes(counter));
}

static void
add(struct batch *batch, const struct store_op *op, struct counter *counter)
{
    if (op->amount == 0)
        return;
    counter_add(counter, op->amount, op->at_ms, batch->now_ms);
    write_counter(batch, op, counter);
}

/* The count of an earlier operation of the batch. */
static int64_t
count_of(const struct batch *batch, unsigned index)
{
    return index > 0 ? batch->ops[index - 1].count : 0;
}

static void
run_count(struct batch *batch, struct store_op *op)
{
    struct counter counter;
    read_counter(batch, op, &counter);
    add(batch, op, &counter);
    if (op->take > 0) {
        struct counter other;
        read_counter(batch, &batch->ops[op->take - 1], &other);
        if (counter_take(&counter, &other))
            write_counter(batch, op, &counter);
    }
    op->count = counter_sum(&counter);
    op->hit = op->most > 0 && op->count >= op->most;
}

static void
run_admit(struct batch *batch, struct store_op *op)
{
    struct counter counter;
    read_counter(batch, op, &counter);
    op->hit = counter_sum(&counter) + count_of(batch, op->plus) >= op->most;
    if (!op->hit)
        add(batch, op, &counter);
    op->count = counter_sum(&counter);
}

static void
read_set(struct batch *batch, struct store_op *op, struct member_set *set_r)
{
    struct bytes value;
    if (!lmdb_spaces_get(batch->spaces, op->space, &op->key, batch->now_ms, &value))
        value = nothing;
    member_set_read(set_r, value, op->window_ms, batch->now_ms);
    op->was_there = member_set_has(set_r, op->member);
}

static void
write_set(struct batch *batch, const struct store_op *op, const struct member_set *set)
{
    if (set->count == 0)
        lmdb_spaces_take_out(batch->spaces, op->space, &op->key);
    else
        lmdb_spaces_put_back(batch->spaces, op->space, &op->key, batch->now_ms + op->window_ms,
                             member_set_bytes(set));
}

static void
run_mark(struct batch *batch, struct store_op *op)
{
    struct member_set set;
    read_set(batch, op, &set);
    if (op->amount > 0)
        member_set_put(&set, op->member, batch->now_ms);
    else if (op->amount < 0)
        member_set_remove(&set, op->member);
    if (op->amount > 0 || (op->amount < 0 && op->was_there))
        write_set(batch, op, &set);
    op->count = (int64_t)set.count;
    op->hit = op->hit_if_there ? op->was_there : op->most > 0 && op->count >= op->most;
}

static void
run_admit_member(struct batch *batch, struct store_op *op)
{
    struct member_set set;
    read_set(batch, op, &set);
    op->hit = !op->was_there && (int64_t)set.count >= op->most;
    if (!op->hit && op->amount > 0) {
        member_set_put(&set, op->member, batch->now_ms);
        write_set(batch, op, &set);
    }
    op->count = (int64_t)set.count;
}

static void
run_op(struct batch *batch, struct store_op *op)
{
    switch (op->action) {
    case STORE_GET:
        run_get(batch, op);
        break;
    case STORE_PUT:
        run_put(batch, op);
        break;
    case STORE_REMOVE:
        run_remove(batch, op);
        break;
    case STORE_COUNT:
        run_count(batch, op);
        break;
    case STORE_ADMIT:
        run_admit(batch, op);
        break;
    case STORE_MARK:
        run_mark(batch, op);
        break;
    case STORE_ADMIT_MEMBER:
        run_admit_member(batch, op);
        break;
    case STORE_FIND_BAN:
        op->hit =
            lmdb_bans_find(batch->spaces, &op->network.addr, op->makers, batch->now_ms, &op->ban_r);
        break;
    case STORE_OFFEND:
        lmdb_bans_offend(batch->spaces, op, batch->now_ms, &batch->is_full);
        break;
    case STORE_SET_BAN:
        lmdb_bans_set(batch->spaces, op, batch->now_ms, &batch->is_full);
        break;
    }
}

static void
forget_results(struct store_op *op)
{
    op->was_run = op->hit = op->was_there = false;
    op->count = 0;
    if (op->value_r != NULL)
        op->value_r->length = 0;
    op->ban_r = (struct store_ban){.since_ms = 0};
}

static bool
is_due(const struct store_op *ops, const struct store_op *op)
{
    if (op->if_hit > 0 && !ops[op->if_hit - 1].hit)
        return false;
    return op->unless_hit == 0 || !ops[op->unless_hit - 1].hit;
}

void
lmdb_ops_run(struct lmdb_spaces *spaces, struct store_op *ops, size_t count, int64_t now_ms,
             bool *is_full_r)
{
    struct batch batch = {.spaces = spaces, .ops = ops, .now_ms = now_ms};
    for (size_t i = 0; i < count; i++)
        forget_results(&ops[i]);
    for (size_t i = 0; i < count; i++) {
        if (!is_due(ops, &ops[i]))
            continue;
        ops[i].was_run = true;
        run_op(&batch, &ops[i]);
        if (ops[i].ends && ops[i].hit)
            break;
    }
    *is_full_r = batch.is_full;
}
