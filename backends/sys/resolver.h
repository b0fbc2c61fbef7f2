/*
 * resolver: what names.c and srv.c share: the list of what is asked for again and again, and the
 * threads that do.
 *
 * Thread-safe. Both kinds of struct begin with a struct resolved, are allocated with malloc(3), and
 * go away with the last reference.
 */
#ifndef MAILREEVE_RESOLVER_H
#define MAILREEVE_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "dns_find.h"
#include "err.h"

struct resolved;

struct resolved_kind {
    const char *(*text)(const struct resolved *resolved); /* for the log */

    /* Asks; without the lock, by one thread at a time. Keeps the answer aside and says in
     * *ttl_ms_r how long it holds. Returns 0, or -1 with err. */
    int (*ask)(struct resolved *resolved, const struct dns_servers *servers,
               struct deadline deadline, int64_t *ttl_ms_r, struct err *err);

    /* Puts the answer where everybody sees it; under the lock. */
    void (*put_down)(struct resolved *resolved);
};

struct resolved {
    /* set once */
    const struct resolved_kind *kind;

    /* under the resolver's lock */
    struct resolved *next;
    unsigned references;
    bool is_started, is_asking, is_answered;
    bool is_outdated; /* the servers were changed while they were asked */
    int64_t due_ms;
    struct err trouble; /* of the last question, if it failed; "" else */
};

void resolver_lock(void);
void resolver_unlock(void);

/* The rest wants the lock. */

/* The first of all that are registered, for `next`. */
struct resolved *resolver_first(void);

/* Registers it; it has no reference yet. */
void resolver_add(struct resolved *resolved, const struct resolved_kind *kind);

/* Gives one reference back. */
void resolver_drop(struct resolved *resolved);

/* Begins to ask for it. */
void resolver_start(struct resolved *resolved);

/* Waits for the first answer. */
void resolver_wait(const struct resolved *resolved, struct deadline deadline);

#endif
