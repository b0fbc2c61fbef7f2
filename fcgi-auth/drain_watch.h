/*
 * drain_watch: what the store says of drained servers, told to the upstreams of the site in
 * service.
 *
 * Thread-safe. A thread of its own reads the list every second, so that what a person says on one
 * node holds on all of them soon. While the store cannot be asked, what was known last holds, each
 * drain until its own time. What changes is logged once.
 */
#ifndef MAILREEVE_DRAIN_WATCH_H
#define MAILREEVE_DRAIN_WATCH_H

#include "reload.h"
#include "store.h"

struct drain_watch;

/* Reads the list for the first time and waits for it at most timeout_ms. Never NULL. The store
 * outlives it. */
struct drain_watch *drain_watch_create(struct store *store, int64_t timeout_ms);

/* Tells the upstreams of a site, which may be in service or come into it, what is known. */
void drain_watch_tell(struct drain_watch *watch, const struct site *site);

/* Begins to read the list again and again, for the site that is in service then. */
void drain_watch_start(struct drain_watch *watch, struct reload *reload);

/* Before its reload and its store go. NULL is allowed. */
void drain_watch_free(struct drain_watch *watch);

#endif
