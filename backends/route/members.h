/*
 * members: who an upstream's servers are, as its sections, SRV records and names have it now.
 */
#ifndef MAILREEVE_MEMBERS_H
#define MAILREEVE_MEMBERS_H

#include "servers.h"

/* Makes members and addresses come and go as the answers that there are by now want it; asks nobody
 * and never waits. One that stays keeps what is known about it. Logs whose name or record has no
 * answer. Returns whether one is still to come. For the one thread that may (servers.h). */
bool members_refresh(struct servers *servers);

/* Begins to resolve all names, from now on also those that records come to have. */
void members_start(struct servers *servers);

#endif
