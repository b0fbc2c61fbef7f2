/*
 * sender_owned: whether the user of a relay window owns a sender beside his own name, asked of the
 * sources of his organization (an alias in his directory entry).
 *
 * Runs in a session's thread; waits at most until the deadline.
 */
#ifndef MAILREEVE_SENDER_OWNED_H
#define MAILREEVE_SENDER_OWNED_H

#include "decide.h"
#include "site.h"
#include "windows.h"

/* decision is one that asks ASKS_SENDER_OWNED. An account that may no longer log in, or that is
 * another than the window's by now, owns nothing. session is for the log. */
enum knowledge sender_owned_find(const struct site *site, const char *session,
                                 struct deadline deadline, const struct netaddr *client,
                                 const struct window *window, const struct decision *decision);

#endif
