/*
 * find_owned: which addresses a user owns beside his name, asked of the sources of his organization
 * (the aliases in his directory entry).
 *
 * Waits at most until the deadline.
 */
#ifndef MAILREEVE_FIND_OWNED_H
#define MAILREEVE_FIND_OWNED_H

#include "find.h"

/* decision is one that asks ASKS_OWNED. An account that may no longer log in, or that is another
 * than find->user by now, owns nothing. The addresses borrow from find->account. */
struct owned_addresses find_owned(struct find *find, const struct netaddr *client,
                                  const struct decision *decision);

#endif
