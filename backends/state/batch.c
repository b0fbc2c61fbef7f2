#include "batch.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"

void
batch_init(struct batch *batch, size_t room)
{
    *batch = (struct batch){.room = room};
}

void
batch_fini(struct batch *batch)
{
    free(batch->ops);
    *batch = (struct batch){0};
}

struct store_op *
batch_add(struct batch *batch, enum store_action action, enum store_space space)
{
    assert(batch->count < batch->room);
    /* Too much for the stack of a session; and often there is nothing to ask, while it costs time
     * to give back what may be wiped. */
    if (batch->ops == NULL)
        batch->ops = xmalloc(batch->room * sizeof *batch->ops);
    struct store_op *op = &batch->ops[batch->count++];
    *op = (struct store_op){.action = action, .space = space};
    return op;
}

struct store_op *
batch_put(struct batch *batch, const struct store_op *op)
{
    struct store_op *added = batch_add(batch, op->action, op->space);
    *added = *op;
    return added;
}

unsigned
batch_index(const struct batch *batch, const struct store_op *op)
{
    return op != NULL ? (unsigned)(op - batch->ops) + 1 : 0;
}

int
batch_run(struct batch *batch, struct store *store, int64_t now_ms, struct deadline deadline,
          struct err *err)
{
    if (batch->count == 0)
        return 0;
    return store_run(store, batch->ops, batch->count, now_ms, deadline, err);
}

bool
op_has_hit(const struct store_op *op)
{
    return op != NULL && op->was_run && op->hit;
}

bool
op_has_missed(const struct store_op *op)
{
    return op != NULL && op->was_run && !op->hit;
}
