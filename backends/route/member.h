/*
 * member: one server that sessions can be handed to, and its addresses.
 *
 * A member is up while one of its addresses is not known to be down. Who owns it locks.
 */
#ifndef MAILREEVE_MEMBER_H
#define MAILREEVE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chooser.h"
#include "endpoint.h"
#include "err.h"
#include "flap.h"
#include "health.h"
#include "names.h"
#include "probe.h"

/* A section `server`. */
struct server {
    /* set once */
    const char *name;     /* borrowed from the configuration */
    struct name *address; /* one of these two, the other is NULL */
    struct srv *srv;
    unsigned weight;
    bool is_backup;
    unsigned check_port; /* 0: the one that sessions go to */

    /* the thread's that refreshes */
    bool is_told_missing; /* it has been logged that the record names nobody */
};

struct address {
    /* set once */
    struct endpoint endpoint; /* where sessions go */
    struct endpoint checked;  /* where checks go */
    char host[64];            /* as nginx wants it */
    uint64_t key;             /* of endpoint's text, for balance = "hash" */

    /* under the owner's lock */
    struct health health;
    struct flap flap;
    char error[128]; /* why the last check failed; "": it passed, or there was none yet */

    /* the checker's own */
    int64_t due_ms; /* of the next check */
    bool is_under_way;
    struct probe probe;
};

struct member {
    /* set once */
    const struct server *server;
    char *name;
    struct name *address;

    /* under the owner's lock */
    uint64_t key;    /* of its name, for the chooser */
    uint64_t weight; /* in hundredths */
    uint32_t level;
    struct address **addresses;
    size_t count;
    struct err trouble; /* why there are none */
    bool is_drained;
    int64_t warms_from_ms; /* 0: it is warm */
    size_t turn;           /* whose of the addresses it is next */
    uint64_t sessions;

    /* the thread's that refreshes */
    bool is_told_missing; /* it has been logged that its name has no address */
};

/* Never NULL. address becomes the member's. */
struct member *member_create(const struct server *server, const char *name, struct name *address);
/* Ends the checks that are under way. NULL is allowed. */
void member_free(struct member *member);

bool member_is_up(const struct member *member);

/* Whether it takes new sessions. */
bool member_is_usable(const struct member *member);

/* How many of its addresses are not known to be down. */
size_t member_addresses_up(const struct member *member);

/* The address for the next session of a member that is up: those that a check has found well come
 * before those that none has ended for. user: as chooser_next has it. */
const struct address *member_next_address(struct member *member, enum balance balance,
                                          uint64_t user);

/* Finds the address with an endpoint, or NULL. */
struct address *member_find_address(const struct member *member, const struct endpoint *endpoint);

/* Makes an address of the member, without adding it. */
struct address *address_create(const struct endpoint *endpoint, unsigned check_port);
/* Ends the check that is under way. */
void address_free(struct address *address);

#endif
