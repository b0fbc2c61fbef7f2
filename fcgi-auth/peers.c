#include "peers.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"

void
peers_init(struct peers *peers)
{
    *peers = (struct peers){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    if (peers->epoll_fd < 0)
        abort();
    peers->queue_end = &peers->queue;
}

void
peers_fini(struct peers *peers)
{
    assert(peers->all == NULL);
    close(peers->epoll_fd);
}

static void
enqueue(struct peers *peers, struct peer *peer)
{
    peer->behind = NULL;
    *peers->queue_end = peer;
    peers->queue_end = &peer->behind;
    peers->queued++;
}

void
peers_add(struct peers *peers, int fd)
{
    struct peer *peer = xcalloc(1, sizeof *peer);
    peer->fd = fd;
    peer->next = peers->all;
    if (peer->next != NULL)
        peer->next->prev = peer;
    peers->all = peer;
    enqueue(peers, peer);
}

void
peers_close(struct peers *peers, struct peer *peer)
{
    if (peer->prev != NULL)
        peer->prev->next = peer->next;
    else
        peers->all = peer->next;
    if (peer->next != NULL)
        peer->next->prev = peer->prev;
    close(peer->fd);
    free(peer);
}

struct peer *
peers_pop(struct peers *peers)
{
    struct peer *peer = peers->queue;
    if (peer == NULL)
        return NULL;
    peers->queue = peer->behind;
    if (peers->queue == NULL)
        peers->queue_end = &peers->queue;
    peers->queued--;
    return peer;
}

void
peers_park(struct peers *peers, struct peer *peer)
{
    /* One shot: it is disarmed while a worker has the peer, and armed again here. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = peer};
    if (epoll_ctl(peers->epoll_fd, EPOLL_CTL_MOD, peer->fd, &event) == 0 ||
        (errno == ENOENT && epoll_ctl(peers->epoll_fd, EPOLL_CTL_ADD, peer->fd, &event) == 0))
        peer->parked = true;
    else
        peers_close(peers, peer);
}

static void
unpark(struct peers *peers, struct peer *peer)
{
    peer->parked = false;
    enqueue(peers, peer);
}

void
peers_unpark(struct peers *peers)
{
    struct epoll_event events[64];
    int count = epoll_wait(peers->epoll_fd, events, 64, 0);
    for (int i = 0; i < count; i++)
        unpark(peers, events[i].data.ptr);
}

void
peers_close_one_parked(struct peers *peers)
{
    struct peer *oldest = NULL;
    for (struct peer *peer = peers->all; peer != NULL; peer = peer->next)
        if (peer->parked)
            oldest = peer;
    if (oldest != NULL)
        peers_close(peers, oldest);
}

void
peers_end_parking(struct peers *peers)
{
    struct peer *next;
    for (struct peer *peer = peers->all; peer != NULL; peer = next) {
        next = peer->next;
        if (!peer->parked)
            continue;
        if (!peer->served || peer_speaks(peer, -1, 0))
            unpark(peers, peer);
        else
            peers_close(peers, peer);
    }
}

void
peer_io_begin(struct peer *peer, int64_t limit_ms)
{
    atomic_store(&peer->io_until_ms, clock_now_ms() + limit_ms);
}

void
peer_io_end(struct peer *peer)
{
    atomic_store(&peer->io_until_ms, 0);
}

void
peers_end_stalled(struct peers *peers)
{
    int64_t now_ms = clock_now_ms();
    for (struct peer *peer = peers->all; peer != NULL; peer = peer->next) {
        int64_t until_ms = atomic_load(&peer->io_until_ms);
        if (until_ms != 0 && now_ms >= until_ms)
            shutdown(peer->fd, SHUT_RDWR);
    }
}

bool
peer_speaks(const struct peer *peer, int other_fd, int wait_ms)
{
    struct pollfd fds[] = {{.fd = peer->fd, .events = POLLIN}, {.fd = other_fd, .events = POLLIN}};
    int count = poll(fds, 2, wait_ms);
    return count > 0 && fds[0].revents != 0;
}
