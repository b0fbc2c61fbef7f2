/*
 * peers: the web server's connections, and where each of them is.
 *
 * A peer is with a worker, in the queue for one, or parked with an epoll while it has nothing to
 * say. Not thread-safe: workers.c holds its lock around every call but peer_io_begin and
 * peer_io_end.
 */
#ifndef MAILREEVE_PEERS_H
#define MAILREEVE_PEERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    /* set once */
    int fd;
    /* written by the peer's worker, read by peers_end_stalled: 0: no read or write is under way */
    _Atomic int64_t io_until_ms;
    /* one thread's own: who has the peer */
    bool served; /* has had an answer: its web server can ask again elsewhere if we close it */
    /* under lock */
    bool parked;
    struct peer *next, *prev; /* in the list of all */
    struct peer *behind;      /* in the queue */
};

struct peers {
    int epoll_fd;
    struct peer *all; /* the newest first */
    struct peer *queue, **queue_end;
    size_t queued;
};

void peers_init(struct peers *peers);
void peers_fini(struct peers *peers); /* no peer may be left */

/* Takes over a descriptor and queues the peer. */
void peers_add(struct peers *peers, int fd);
void peers_close(struct peers *peers, struct peer *peer);

struct peer *peers_pop(struct peers *peers); /* NULL: the queue is empty */

/* Parks a peer until it has something to say. */
void peers_park(struct peers *peers, struct peer *peer);
/* Queues the parked peers that have something to say. */
void peers_unpark(struct peers *peers);
/* Closes the parked peer that has been known longest. */
void peers_close_one_parked(struct peers *peers);
/* For the end of the service: queues those that still must have an answer, closes the idle ones. */
void peers_end_parking(struct peers *peers);

/* Around a read or write: when it takes longer than limit_ms, peers_end_stalled breaks it off. */
void peer_io_begin(struct peer *peer, int64_t limit_ms);
void peer_io_end(struct peer *peer);
void peers_end_stalled(struct peers *peers);

/* Whether the peer has something to say, be it the end of the connection, within wait_ms; other_fd
 * becoming readable ends the waiting, -1: nothing does. */
bool peer_speaks(const struct peer *peer, int other_fd, int wait_ms);

#endif
