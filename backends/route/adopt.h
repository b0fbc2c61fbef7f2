/*
 * adopt: what one upstream knows about its servers, taken over by another one.
 */
#ifndef MAILREEVE_ADOPT_H
#define MAILREEVE_ADOPT_H

#include <stdbool.h>

#include "servers.h"

/* Takes over what another upstream knows about servers that both have and check alike and that
 * nothing is known about yet, so that a reload does not send sessions to a server that is known to
 * be down, nor a server's whole share to one that warms up. One of the same name tells no more news
 * from then on: each is told once. */
void servers_adopt(struct servers *servers, struct servers *other);

/* Whether there is nothing that another upstream could know better: each address has been checked,
 * or none is ever. */
bool servers_know_all(const struct servers *servers);

#endif
