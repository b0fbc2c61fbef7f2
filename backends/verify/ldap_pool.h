/*
 * ldap_pool: the connections to one directory server, shared by the sessions.
 *
 * Thread-safe. A session takes a place (gate.h) for the whole of a login and uses connections one
 * operation at a time. Searches and password checks have connections of their own: one that is
 * bound as a user must never search. So a server sees at most two connections a place:
 * `connections` / 2 logins at once, or `connections` where a login needs one of the two only. Idle
 * connections are kept for a minute; one that turns out to be closed is replaced once by a fresh
 * one. No lock is held while the network is waited for.
 */
#ifndef MAILREEVE_LDAP_POOL_H
#define MAILREEVE_LDAP_POOL_H

#include "gate.h"
#include "ldap_door.h"
#include "verify.h"

/* What a pool is told once. Borrowed for the pool's life, but for the struct itself. */
struct ldap_pool_options {
    const char *source, *uri; /* for the log */
    struct ldap_peer peer;
    const char *bind_dn; /* searches are made as this; NULL: anonymously */
    const struct secret *bind_password;
    unsigned places;
    int64_t connect_timeout_ms, timeout_ms;
};

struct ldap_pool;

struct ldap_pool *ldap_pool_create(const struct ldap_pool_options *options); /* never NULL */
void ldap_pool_free(struct ldap_pool *pool); /* NULL is allowed; nobody is inside */

/* Adds what is held of the server now. */
void ldap_pool_load(const struct ldap_pool *pool, struct source_load *load);

/* A session's stay. */
struct ldap_visit {
    struct ldap_pool *pool;
    struct gate_pass pass;
    struct deadline deadline;
    enum gate_evidence evidence;
    struct err trouble;    /* why evidence is GATE_FAILED */
    bool is_misconfigured; /* the trouble will not go away by itself */
    bool is_shortage;      /* the last operation failed for want of something of our own */
};

/* Waits in line until in_line; the visit may take until deadline. Returns 0 when inside, or -1 with
 * err: the server is down, or all places stayed taken. */
int ldap_pool_enter(struct ldap_pool *pool, struct deadline in_line, struct deadline deadline,
                    struct ldap_visit *visit_r, struct err *err);

/* Leaves; a server that went down or came back by what was seen is logged, each at most once a
 * minute (server_news.h). */
void ldap_pool_leave(struct ldap_visit *visit);

/* Searches as the service (see ldap_link_search). BROKEN also if the service's own bind was
 * refused, which is an error of our configuration or the server's. */
enum ldap_answer ldap_pool_search(struct ldap_visit *visit, const struct ldap_query *query,
                                  struct ldap_found *found_r, struct err *err);

/* Checks a user's password (see ldap_link_bind). */
enum ldap_answer ldap_pool_bind(struct ldap_visit *visit, const char *dn,
                                const struct secret *password, enum verify_outcome *outcome_r,
                                struct err *err);

/* Compares as the service (see ldap_link_compare). */
enum ldap_answer ldap_pool_compare(struct ldap_visit *visit, const char *dn, const char *attribute,
                                   const struct secret *password, struct err *err);

#endif
