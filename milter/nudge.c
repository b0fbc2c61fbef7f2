#include "nudge.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "background.h"
#include "dial.h"

/* Where the queue of connections is full, the guard is busy; a second later it may not be. */
enum { NUDGE_MS = 50, BUSY_NUDGE_MS = 2, BUSY = 3, CONNECT_MS = 1000 };

/* One thread's own. */
static struct {
    struct endpoint address;
    struct connections *connections;
    int fd; /* -1: not connected */
} nudge = {.fd = -1};

static void
hang_up(void)
{
    close(nudge.fd);
    nudge.fd = -1;
}

static void
make_connection(void)
{
    nudge.fd = dial_begin(&nudge.address, NULL);
    if (nudge.fd < 0) {
        nudge.fd = -1;
        return;
    }
    struct pollfd wanted = {.fd = nudge.fd, .events = POLLOUT};
    if (poll(&wanted, 1, CONNECT_MS) != 1 || dial_finish(nudge.fd, &nudge.address, NULL) != 0)
        hang_up();
}

/* The connection may lead to another process that has the same socket, until that one ends. */
static int
work(void *context)
{
    static const char abort_packet[] = {0, 0, 0, 1, 'A'};
    (void)context;
    if (nudge.fd < 0)
        make_connection();
    if (nudge.fd >= 0 && send(nudge.fd, abort_packet, sizeof abort_packet, MSG_NOSIGNAL) < 0 &&
        errno != EAGAIN)
        hang_up();
    return connections_inside(nudge.connections) >= BUSY ? BUSY_NUDGE_MS : NUDGE_MS;
}

void
nudge_start(const struct sockaddr_storage *address, socklen_t length,
            struct connections *connections)
{
    nudge.address = (struct endpoint){.address = *address, .length = length};
    nudge.connections = connections;
    background_start("nudge", work, NULL);
}
