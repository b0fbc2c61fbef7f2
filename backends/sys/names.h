/*
 * names: host names and SRV records turned into addresses without making a session wait.
 *
 * Thread-safe. Background threads ask /etc/hosts and DNS (c-ares) for every name that was started,
 * at once and then whenever the answer's TTL is over (at least NAMES_LEAST_MS, at most
 * NAMES_MOST_MS; NAMES_INTERVAL_MS for what /etc/hosts says); a look-up reads the last answer.
 * There are up to 32 such threads, at most half of them for names that fail, so that a tenant's
 * dead DNS zone does not hold up the others' names.
 * A failed refresh keeps the old answer and is tried again every NAMES_RETRY_MS; where it failed
 * for IPv4 or IPv6 alone, the old addresses of that family stay, and it is tried again after
 * NAMES_INTERVAL_MS at the latest. It is logged once: name.unresolved, and name.resolved when it is
 * over. Address literals and paths need no thread.
 */
#ifndef MAILREEVE_NAMES_H
#define MAILREEVE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"
#include "err.h"

enum {
    NAMES_ADDRESSES_MAX = 16, /* of one name; more are left out */
    NAMES_TARGETS_MAX = 64,   /* of one SRV record, likewise */
    NAMES_LEAST_MS = 1000,
    NAMES_MOST_MS = 3600000,
    NAMES_INTERVAL_MS = 60000,
    NAMES_RETRY_MS = 5000,
    NAMES_QUESTION_MS = 5000, /* one question, all servers and tries */
};

/* The DNS servers to ask from now on, in the place of those of /etc/resolv.conf: "192.0.2.53",
 * "127.0.0.1:5353", "[2001:db8::53]:53", separated by commas; NULL: those of /etc/resolv.conf.
 * Returns 0, or -1 with err if the text is malformed. */
int names_use_servers(const char *servers, struct err *err);

/* One "host:port", "[2001:db8::1]:port" or "unix:/path", registered. */
struct name;

/* Registers a name; the same text gives the same struct with one more reference. Asks nobody yet.
 * default_port 0: the port must be there. Returns NULL with err if the text is malformed. */
struct name *name_open(const char *text, unsigned default_port, struct err *err);
void name_close(struct name *name); /* NULL is allowed */

/* Begins to resolve it, now and then again. A name that does not resolve (yet) is not an error. */
void name_start(struct name *name);

/* The host as written, in lower case, an IPv6 address without brackets (for TLS and logs), and the
 * port; of a unix: name the whole text and 0. */
const char *name_host(const struct name *name);
unsigned name_port(const struct name *name);

/* Copies the addresses known now; returns how many, 0 with err if there are none (yet). Starts the
 * name if need be and waits for its first answer at most wait_ms. */
size_t name_endpoints(struct name *name, int wait_ms,
                      struct endpoint endpoints_r[NAMES_ADDRESSES_MAX], struct err *err);

/* Whether the first answer is still to come. */
bool name_is_pending(struct name *name);

/* One server that an SRV record names (RFC 2782). */
struct srv_target {
    char host[256]; /* lower case */
    unsigned port, priority, weight;
};

/* One SRV record, registered, likewise: "_submission._tcp.example.com". */
struct srv;

/* Returns NULL with err if the text is no name of a service. Asks nobody yet. */
struct srv *srv_open(const char *text, struct err *err);
void srv_close(struct srv *srv); /* NULL is allowed */
void srv_start(struct srv *srv);

/* Copies the targets known now, sorted by priority, then host and port; returns how many, 0 with
 * err if there are none (yet, or the record says that there is no such service: target "."). */
size_t srv_targets(struct srv *srv, struct srv_target targets_r[NAMES_TARGETS_MAX],
                   struct err *err);
bool srv_is_pending(struct srv *srv);

#endif
