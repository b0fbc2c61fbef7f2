/*
 * nudge: keeps libmilter's pool of threads from forgetting who waits.
 *
 * A step that comes while a thread is idle is left to that thread; but if two come before it has
 * woken up, both are left to it (libmilter 8.17, mi_pool_controller): the second waits until any
 * thread gets done with a step, behind a slow directory of another tenant for one, or behind a
 * connection that has stalled (measured: for good, where nobody else sends mail). A thread that is
 * done looks for whoever waits. So the guard is a client of its own: over one connection it says
 * something, again and again, that takes no time and has no answer (SMFIC_ABORT, where no message
 * is under way); no callback hears of it. If no thread is idle libmilter makes one for it, which
 * then takes one of those who wait: while many are at work it says so often, lest hundreds of
 * sessions that a slow directory holds up take their turns, one after the other, before somebody
 * else's.
 */
#ifndef MAILREEVE_NUDGE_H
#define MAILREEVE_NUDGE_H

#include <sys/socket.h>

#include "connections.h"

/* Begins, in a thread of its own, for as long as the process lives; once. address: where the guard
 * listens; connections: those whom it serves. */
void nudge_start(const struct sockaddr_storage *address, socklen_t length,
                 struct connections *connections);

#endif
