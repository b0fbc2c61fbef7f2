/*
 * world: what a request needs of the service.
 *
 * A value; all is borrowed for as long as the request is being answered.
 */
#ifndef MAILREEVE_WORLD_H
#define MAILREEVE_WORLD_H

#include "metrics.h"
#include "site.h"

struct world {
    const struct site *site;
    struct store *store;
    struct metrics *metrics;
};

#endif
