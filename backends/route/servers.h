/*
 * servers: the servers of one upstream and what is known about each.
 *
 * Shared by the sessions that choose one and the thread that checks them.
 */
#ifndef MAILREEVE_SERVERS_H
#define MAILREEVE_SERVERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "chooser.h"
#include "endpoint.h"
#include "err.h"
#include "health.h"
#include "names.h"
#include "probe.h"
#include "route.h"

struct server {
    /* set once */
    const char *name; /* borrowed from the configuration */
    struct name *address;
    unsigned weight;
    bool backup;

    /* under the lock of struct servers */
    struct health health;
    bool is_proven;         /* a check has passed: */
    struct endpoint proven; /* at this one of its addresses */
    long current;           /* chooser's */
};

struct servers {
    /* set once */
    const char *upstream; /* borrowed from the configuration */
    enum balance balance;
    struct server *items;
    size_t count;
    enum check check;
    int64_t interval_ms, timeout_ms;
    unsigned fall, rise;

    pthread_mutex_t lock;
};

/* Chooses among those that are up and have an address. Returns 0, or -1 with err. */
int servers_choose(struct servers *servers, struct route *route_r, struct err *err);

/* The one that has an account's mail, as upstream_choose_host has it. */
int servers_choose_host(struct servers *servers, const char *host, struct route *route_r,
                        struct err *err);

/* Puts a check's result down and logs a change of state. endpoint: the address that passed; err:
 * why none did. */
void servers_note(struct servers *servers, struct server *server, const struct endpoint *endpoint,
                  const struct err *err);

/* Takes over what another upstream knows about servers that both have and check alike and that
 * nothing is known about yet, so that a reload does not send sessions to a server that is known to
 * be down. */
void servers_adopt(struct servers *servers, struct servers *other);

#endif
