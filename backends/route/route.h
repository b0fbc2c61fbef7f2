/*
 * route: upstreams: groups of servers that sessions are handed to, and which of them are up.
 *
 * Thread-safe. nginx wants an address and tries one server only, so names are resolved here and
 * servers that do not answer are left out. A section `server` is one server, or with `srv` as many
 * as the record names (RFC 2782). A name may have several addresses; each is checked, sessions
 * share those that are up, and the server is up while one of them is. A background thread checks
 * every `interval`, and every half of it while the last check spoke against the state; `fall`
 * failures in a row take an address out, `rise` successes bring it back. It is up until its first
 * check, which decides alone, but a server that is down does not come back by having another
 * address; what another upstream, or the one of the configuration before a reload, knows already is
 * taken over. A server that has come back gets its share of new sessions little by little for
 * `slow_start`. One that is drained gets none.
 */
#ifndef MAILREEVE_ROUTE_H
#define MAILREEVE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "names.h"

struct upstream; /* one `upstream` section */

/* The section type "upstream" with its child "server". */
extern const struct section_type upstream_section;

/* Opens from a checked section; starts no thread and asks nobody. NULL: problems tells. conf and
 * section outlive it. */
struct upstream *upstream_open(const struct conf *conf, const struct section *section,
                               struct problems *problems);

/* Makes the thread that follows names and checks servers, where there are any to follow or to
 * check, without letting it begin. Returns 0, or -1 with err: the system has no more. */
int upstream_prepare(struct upstream *upstream, struct err *err);

/* Begins to resolve and to check the servers. One that was not prepared is; where that fails, the
 * process ends. Logs upstream.down, which raises an alarm, and upstream.up; upstream.address-down
 * and -up, where a server has other addresses that go on; upstream.flapping and upstream.steady, in
 * the place of all these; upstream.joined and upstream.left, of SRV records; upstream.unchecked,
 * where a check failed for want of something of our own. */
void upstream_start(struct upstream *upstream);

void upstream_close(
    struct upstream *upstream); /* NULL is allowed; stops the checks, does not wait for them */

const char *upstream_name(const struct upstream *upstream);
const struct section *upstream_section_of(const struct upstream *upstream);

enum {
    ROUTE_SERVER_MAX = 256,
    ROUTE_HOST_MAX = 255, /* of a mail host; a longer one is nobody's */
};

/* What is known about one server. */
struct upstream_server {
    char name[ROUTE_SERVER_MAX]; /* as in `server "NAME"`; of an SRV record's server its host */
    bool is_up;                  /* not known to be down, and it has an address */
    bool is_checked;             /* a check has ended */
    bool is_drained;
    bool is_backup;
    bool is_flapping;
    unsigned warm_percent; /* of its share, while slow_start lasts; 100: all of it */
    size_t addresses, up;  /* how many it has, and of those are not known to be down */
    char address[64];      /* the first of those that are up, with the port; "": none */
    char error[128];       /* why the last check failed, if it did; "" else */
    uint64_t sessions;     /* that were handed to it since the upstream was opened */
};

/* The servers in the order of the file and of SRV records, from 0. They may change from call to
 * call. Returns false behind the last. */
bool upstream_server_at(struct upstream *upstream, size_t index, struct upstream_server *server_r);

/* These servers get no new sessions, all others do; names are compared without case, and one that
 * an `srv` server has means all hosts of its record. names are copied. Takes effect with the next
 * session, also for servers that an SRV record names later. */
void upstream_set_drained(struct upstream *upstream, const char *const *names, size_t count);

struct route {
    char address[64]; /* a literal, as Auth-Server wants it; IPv6 without brackets as nginx parses
                         it - measured */
    unsigned port;
    char server[ROUTE_SERVER_MAX]; /* the server's name, for the log */
};

/* Chooses a server for one session; key is what `balance = "hash"` goes by: the canonical user, or
 * the client's address where there is none. Never waits; costs the same for ten servers as for a
 * thousand. Returns 0, or -1 with err if none is up, resolves and is not drained. */
int upstream_choose(struct upstream *upstream, const char *key, struct route *route_r,
                    struct err *err);

/* The one server that has an account's mail: the one of that name, or the one whose address has
 * that host (a port behind it must be the address's too); without case. Returns 0, or -1 with err:
 * no server is called so, it is not up, or it is drained. */
int upstream_choose_host(struct upstream *upstream, const char *host, const char *key,
                         struct route *route_r, struct err *err);

#endif
