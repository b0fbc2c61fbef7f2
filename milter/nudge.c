#include "nudge.h"

#include <errno.h>
#include <unistd.h>

#include "background.h"

enum { NUDGE_MS = 50, BUSY_NUDGE_MS = 2, BUSY = 3 };

/* One thread's own. */
static struct {
    struct sockaddr_storage address;
    socklen_t length;
    struct connections *connections;
    int fd; /* -1: not connected */
} nudge = {.fd = -1};

static void
make_connection(void)
{
    int fd = socket(nudge.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&nudge.address, nudge.length) != 0) {
        close(fd);
        fd = -1;
    }
    nudge.fd = fd;
}

/* The connection may lead to another process that has the same socket, until that one ends. */
static int
work(void *context)
{
    static const char abort_packet[] = {0, 0, 0, 1, 'A'};
    (void)context;
    if (nudge.fd < 0)
        make_connection();
    if (nudge.fd >= 0 &&
        send(nudge.fd, abort_packet, sizeof abort_packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        errno != EAGAIN) {
        close(nudge.fd);
        nudge.fd = -1;
    }
    return connections_inside(nudge.connections) >= BUSY ? BUSY_NUDGE_MS : NUDGE_MS;
}

void
nudge_start(const struct sockaddr_storage *address, socklen_t length,
            struct connections *connections)
{
    nudge.address = *address;
    nudge.length = length;
    nudge.connections = connections;
    background_start("nudge", work, NULL);
}
