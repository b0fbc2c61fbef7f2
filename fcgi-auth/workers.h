/*
 * workers: the threads that hold sessions, and the web server's connections between sessions.
 *
 * A session is one thread from its first byte to its answer; this is the only place that makes such
 * threads. They appear on demand and leave after ten seconds without work. A connection that is
 * kept open (fastcgi_keep_conn) holds a thread for a moment only: whoever served it waits some
 * milliseconds for its next request, because a busy web server sends one at once, and then parks
 * the connection with an epoll that the accepting thread watches. So sessions are what is counted,
 * and any number of kept connections costs descriptors only.
 *
 * The functions below are for the one thread that accepts connections (main.c).
 */
#ifndef MAILREEVE_WORKERS_H
#define MAILREEVE_WORKERS_H

#include "answer.h"
#include "call.h"
#include "deadline.h"

struct workers;

/* Answers one request, in a worker's thread. */
typedef void workers_serve(void *context, const struct call *call, struct answer *answer_r);

/* Makes no thread yet. Never NULL. */
struct workers *workers_create(unsigned max_sessions, workers_serve *serve, void *context);

/* Any thread may call this one: takes effect with the next session. */
void workers_set_max_sessions(struct workers *workers, unsigned max_sessions);

/* Takes over a connection that was accepted; it is closed here. */
void workers_take(struct workers *workers, int fd);

/* A descriptor that is readable while parked connections have something to say; call workers_unpark
 * then. */
int workers_parked_fd(const struct workers *workers);
void workers_unpark(struct workers *workers);

/* Closes the parked connection that has been idle longest, to win descriptors. */
void workers_close_one_idle(struct workers *workers);

/* Call it about once a second: ends connections that have stalled in the middle of a request for
 * longer than ten seconds. */
void workers_tick(struct workers *workers);

/* Closes idle connections, lets every request that has begun be answered and the threads end, at
 * most until the deadline. Returns how many threads were still at work then. */
unsigned workers_drain(struct workers *workers, struct deadline deadline);

/* Only after workers_drain has returned 0. */
void workers_free(struct workers *workers);

#endif
