/*
 * servers: the members of one upstream and what is known about each.
 *
 * Shared by the sessions that choose one and the thread that checks them and follows their names.
 * That thread alone (before it begins: whoever opens the upstream) makes members and addresses come
 * and go, under the lock; so it may look at them without.
 */
#ifndef MAILREEVE_SERVERS_H
#define MAILREEVE_SERVERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "host_table.h"
#include "member.h"
#include "route.h"

struct servers {
    /* set once */
    const char *upstream; /* borrowed from the configuration */
    enum balance balance;
    struct server *items; /* the sections */
    size_t item_count;
    bool has_srv;
    bool is_started; /* the thread's that refreshes */
    struct probe_plan plan;
    const char *ca_file; /* of the plan's context; NULL: nothing is verified */
    int64_t interval_ms, timeout_ms, slow_start_ms;
    unsigned fall, rise;

    atomic_bool is_succeeded; /* another one of its name has come after it */

    pthread_mutex_t lock;
    /* under lock */
    struct member **members;
    size_t count;
    struct host_table hosts; /* of the members */
    struct chooser *chooser;
    char **drained; /* names of members and of sections */
    size_t drained_count;
};

void servers_init(struct servers *servers); /* once the settings are in it */
void servers_fini(struct servers *servers);

/* Chooses among those that are up, have an address and are not drained. Returns 0, or -1 with err.
 */
int servers_choose(struct servers *servers, const char *key, int64_t now_ms, struct route *route_r,
                   struct err *err);

/* The one that has an account's mail, as upstream_choose_host has it. */
int servers_choose_host(struct servers *servers, const char *host, const char *key,
                        struct route *route_r, struct err *err);

/* As upstream_server_at and upstream_set_drained have it. */
bool servers_at(struct servers *servers, size_t index, int64_t now_ms,
                struct upstream_server *server_r);
void servers_set_drained(struct servers *servers, const char *const *names, size_t count,
                         int64_t now_ms);

/* What follows is with the lock held. */

/* Tells the chooser who can be used; to be called after every change of that. */
void servers_arrange(struct servers *servers);

/* Whether people have said that this one gets no new sessions. */
bool servers_want_drained(const struct servers *servers, const struct member *member);

/* Sends a session to a member that is up; user is chooser_key of the session's key. */
void servers_hand_over(const struct servers *servers, struct member *member, uint64_t user,
                       struct route *route_r);

#endif
