/*
 * route: upstreams: groups of servers that sessions are handed to, and which of them are up.
 *
 * Thread-safe. nginx wants an address and tries one server only, so names are resolved here and
 * servers that do not answer are left out: a background thread checks each server every `interval`
 * (none, tcp, smtp: banner 220 and EHLO 250), `fall` failures in a row take it out, `rise`
 * successes bring it back. A server is up until its first check, which decides alone; one that
 * another upstream, or the one of the configuration before a reload, checks already starts with
 * what is known there. Of a server with several addresses sessions get the one that passed.
 */
#ifndef MAILREEVE_ROUTE_H
#define MAILREEVE_ROUTE_H

#include <stdbool.h>

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
/* Begins to resolve and to check the servers; logs upstream.down, which raises an alarm, and
 * upstream.up. */
void upstream_start(struct upstream *upstream);

void upstream_close(
    struct upstream *upstream); /* NULL is allowed; stops the checks, does not wait for them */

const char *upstream_name(const struct upstream *upstream);
const struct section *upstream_section_of(const struct upstream *upstream);

/* What is known about one server. */
struct upstream_server {
    const char *name; /* borrowed from the upstream */
    bool is_up;
};

/* The servers in the order of the file, from 0. Returns false behind the last. */
bool upstream_server_at(struct upstream *upstream, size_t index, struct upstream_server *server_r);

enum {
    ROUTE_SERVER_MAX = 64,
    ROUTE_HOST_MAX = 255, /* of a mail host; a longer one is nobody's */
};

struct route {
    char address[64]; /* a literal, as Auth-Server wants it; IPv6 without brackets as nginx parses
                         it - measured */
    unsigned port;
    char server[ROUTE_SERVER_MAX]; /* the server's name, for the log */
};

/* Chooses a server for one session. Never waits. Returns 0, or -1 with err if none is up or none
 * resolves. */
int upstream_choose(struct upstream *upstream, struct route *route_r, struct err *err);

/* The one server that has an account's mail: the one of that name, or the one whose address has
 * that host (a port behind it must be the address's too); without case. Returns 0, or -1 with err:
 * no server is called so, or it is not up. */
int upstream_choose_host(struct upstream *upstream, const char *host, struct route *route_r,
                         struct err *err);

#endif
