/*
 * lmdb_ops: the operations of a batch (store.h) on an LMDB file, within one transaction.
 */
#ifndef MAILREEVE_LMDB_OPS_H
#define MAILREEVE_LMDB_OPS_H

#include "lmdb_spaces.h"
#include "store.h"

/* Whether the batch reads only, whatever it finds. */
bool lmdb_ops_only_read(const struct store_op *ops, size_t count);

/* Runs them, results included. *is_full_r: a ban was not kept for want of room. Errors stay in the
 * transaction. */
void lmdb_ops_run(struct lmdb_spaces *spaces, struct store_op *ops, size_t count, int64_t now_ms,
                  bool *is_full_r);

#endif
