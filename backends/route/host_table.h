/*
 * host_table: the members of an upstream by what a directory may call them: by name, by host, and
 * by host and port. Asking costs the same for ten members as for a thousand.
 *
 * Pure. The members are borrowed; who owns them locks.
 */
#ifndef MAILREEVE_HOST_TABLE_H
#define MAILREEVE_HOST_TABLE_H

#include <stddef.h>

#include "member.h"
#include "strmap.h"

/* A member under one key, and the next one under the same key, in their order. */
struct host_entry {
    size_t index;
    const struct host_entry *next; /* NULL: it is the last */
    struct host_entry *last;       /* the first one's */
    char *key;
};

struct host_table {
    struct strmap names, addresses;
    struct host_entry *entries;
    size_t count;
};

void host_table_fini(struct host_table *table); /* a zeroed one is allowed */

/* The members from now on; a zeroed table is allowed. Their names and addresses do not change. */
void host_table_set(struct host_table *table, struct member *const *members, size_t count);

/* The members that are called so, without case. NULL: none is. name has at most ROUTE_HOST_MAX
 * bytes. */
const struct host_entry *host_table_named(const struct host_table *table, const char *name);

enum { ANY_PORT = 65536 };

/* The members whose address has that host, which is in lower case as name_host has it, and that
 * port. NULL: none has. */
const struct host_entry *host_table_at(const struct host_table *table, const char *host,
                                       unsigned port);

#endif
