/*
 * drains: servers of upstreams that get no new sessions, as people have said.
 *
 * Kept in the store, so that all nodes of a cluster agree and a restart forgets nothing; nothing
 * that is counted pushes a drain out. Names are of the configuration: upstream and server; they are
 * compared and kept in lower case. Functions wait at most until the deadline, return 0, or -1 with
 * err: the store could not be asked, or has no room.
 */
#ifndef MAILREEVE_DRAINS_H
#define MAILREEVE_DRAINS_H

#include "store.h"

enum { DRAIN_NAME_MAX = 255, DRAIN_REASON_MAX = 80 };

struct drain {
    char upstream[DRAIN_NAME_MAX + 1], server[DRAIN_NAME_MAX + 1];
    int64_t since_ms, until_ms;    /* wall clock; INT64_MAX: for ever */
    char reason[DRAIN_REASON_MAX]; /* what a person wrote, may be "" */
};

/* Writes it as it is, whatever was there. Names that are too long are refused. */
int drains_set(struct store *store, const struct drain *drain, int64_t now_ms,
               struct deadline deadline, struct err *err);

/* *was_there_r: it was drained. */
int drains_clear(struct store *store, const char *upstream, const char *server, int64_t now_ms,
                 struct deadline deadline, bool *was_there_r, struct err *err);

/* All that are in force at now_ms, in no order; visit returns whether to go on. */
typedef bool drains_visit(void *context, const struct drain *drain);
int drains_list(struct store *store, int64_t now_ms, struct deadline deadline, drains_visit *visit,
                void *context, struct err *err);

#endif
