/*
 * batch: operations of the store that are put together one by one and run at once.
 *
 * The caller's; init and fini. Operations stay where they are until fini, so their results can be
 * read through the pointers that batch_add gave.
 */
#ifndef MAILREEVE_BATCH_H
#define MAILREEVE_BATCH_H

#include "store.h"

struct batch {
    struct store_op *ops;
    size_t count, room;
};

/* room: as many operations as there may ever be. */
void batch_init(struct batch *batch, size_t room);
void batch_fini(struct batch *batch);

/* One more, zeroed but for the action and the space. */
struct store_op *batch_add(struct batch *batch, enum store_action action, enum store_space space);

/* One more, a copy. */
struct store_op *batch_put(struct batch *batch, const struct store_op *op);

/* The index by which later operations name it; 0 for NULL. */
unsigned batch_index(const struct batch *batch, const struct store_op *op);

/* Runs all of it; nothing is asked if there is nothing. Returns 0 or -1. */
int batch_run(struct batch *batch, struct store *store, int64_t now_ms, struct deadline deadline,
              struct err *err);

/* Whether it is there, was run and hit. */
bool op_has_hit(const struct store_op *op);

/* Whether it is there and was run without a hit: an ADMIT let it in. */
bool op_has_missed(const struct store_op *op);

#endif
