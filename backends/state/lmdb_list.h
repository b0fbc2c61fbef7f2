/*
 * lmdb_list: showing all of a space, piece by piece, without holding anything meanwhile.
 */
#ifndef MAILREEVE_LMDB_LIST_H
#define MAILREEVE_LMDB_LIST_H

#include "lmdb_visit.h"

/* As store_list. */
int lmdb_list(struct lmdb_store *store, enum store_space space, int64_t now_ms,
              struct deadline deadline, store_visit *visit, void *context, struct err *err);

#endif
