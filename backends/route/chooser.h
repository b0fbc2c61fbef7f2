/*
 * chooser: which server of an upstream is next. Pure: states and a counter in, an index out.
 *
 * Backups are chosen only while no other server is up. Both functions cost one pass over the
 * servers and return an index, or -1 if no server is up.
 */
#ifndef MAILREEVE_CHOOSER_H
#define MAILREEVE_CHOOSER_H

#include <stdbool.h>
#include <stddef.h>

struct chooser_server {
    unsigned weight; /* 1 to 1000 */
    bool backup;
    bool up;
    long current; /* state of the smooth round-robin, starts at 0 */
};

/* Round-robin by weight with the smoothest order (as nginx's: for weights 5 1 1 the order is a a b
 * a c a a, not a a a a a b c): the caller keeps one `current` per server, under its lock; every
 * call updates them. */
int chooser_round_robin(struct chooser_server *servers, size_t count);

/* Failover: the first that is up, in the order of the configuration. Weights do not matter. */
int chooser_first(const struct chooser_server *servers, size_t count);

#endif
