/*
 * linger: keeps a session's thread for the step that follows an answer.
 *
 * libmilter's threads are a pool: a thread that has said an answer waits a millisecond for the next
 * step, then hands the session to a thread that waits for all sessions, which hands it to a thread
 * again once there is something to read. A mail server's next step is seldom there in a
 * millisecond, so nearly every step cost two wake-ups, half of what a message cost libmilter
 * (measured: 435 us of CPU, 235 without). So poll(2), by which it waits, waits longer here; but
 * only for the connection on which this thread has said something, or the guard's own (nudge.h), of
 * which nobody hears an answer, would hold its thread all the time.
 */
#ifndef MAILREEVE_LINGER_H
#define MAILREEVE_LINGER_H

#include <poll.h>

/* Much longer than a mail server beside the guard takes between two steps while it is busy, shorter
 * than the time between two nudges. */
enum { LINGER_MS = 20 };

/* This thread has said something on the connection fd. */
void linger_on(int fd);

/* That connection is closed; its number may become another's. */
void linger_no_more(void);

/* The program's own poll(2), which the dynamic linker gives to libmilter. By another name, because
 * the C library declares poll as one that only writes to what it is given. */
int linger_poll(struct pollfd *polled, nfds_t count, int timeout_ms) __asm__("poll");

#endif
