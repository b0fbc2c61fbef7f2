/*
 * dial: connecting without waiting, for those who poll themselves.
 *
 * Descriptors are non-blocking, closed on exec, and send small writes at once.
 */
#ifndef MAILREEVE_DIAL_H
#define MAILREEVE_DIAL_H

#include "endpoint.h"
#include "err.h"

/* The process or the system has no descriptor, port or memory left: this says nothing about the
 * server. */
enum { DIAL_CANNOT = -2 };

/* Begins to connect. Returns a descriptor, writable once dial_finish may be called, or, with err,
 * -1 or DIAL_CANNOT. */
int dial_begin(const struct endpoint *endpoint, struct err *err);

/* Whether the connection stands. Returns 0, or -1 with err; the descriptor is the caller's to close
 * in both cases. A connection to ourselves is an error: the kernel makes one when a port of the
 * range for clients is dialled on a loopback address and nobody listens there. */
int dial_finish(int fd, const struct endpoint *endpoint, struct err *err);

#endif
