/*
 * bans: what people and scripts do with bans. Sessions find and make them in screening.c.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_BANS_H
#define MAILREEVE_BANS_H

#include "store.h"

/* Bans a network by hand, from now on for length_ms (0: for ever). Its offences stay. Returns 0, or
 * -1 with err. */
int bans_add(struct store *store, const struct netprefix *network, int64_t length_ms,
             const char *reason, int64_t now_ms, struct deadline deadline, struct err *err);

/* Ends the ban of exactly that network and forgets its offences and what was counted against it
 * (its failures, unknown names, bad recipients). *was_there_r: there was one. Returns 0 or -1. */
int bans_remove(struct store *store, const struct netprefix *network, int64_t now_ms,
                struct deadline deadline, bool *was_there_r, struct err *err);

typedef bool bans_visit(void *context, const struct store_ban *ban);
int bans_list(struct store *store, int64_t now_ms, struct deadline deadline, bans_visit *visit,
              void *context, struct err *err);

/* "count", "listener", "hand" */
const char *ban_maker_name(enum ban_maker maker);

#endif
