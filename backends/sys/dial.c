#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENDPOINT_TEXT_MAX = 128 };

static void
set_trouble(struct err *err, const struct endpoint *endpoint, const char *why)
{
    char text[ENDPOINT_TEXT_MAX];
    endpoint_format(endpoint, text, sizeof text);
    err_set(err, "cannot connect to %s: %s", text, why);
}

static bool
is_shortage(int system_errno)
{
    return system_errno == EMFILE || system_errno == ENFILE || system_errno == ENOBUFS ||
           system_errno == ENOMEM;
}

/* Whether the system has any address to come from. Connecting tells by the same error whether it
 * has none or no port of it is left; datagrams have ports of their own. */
static bool
has_own_address(const struct endpoint *endpoint)
{
    int fd = socket(endpoint->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    int connected = connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->length);
    close(fd);
    return connected == 0;
}

/* Writes err. Returns what dial_begin is to. */
static int
judge_connect(const struct endpoint *endpoint, int system_errno, struct err *err)
{
    /* A unix socket whose queue is full says EAGAIN: it is overloaded, which is an answer. */
    if (endpoint->address.ss_family == AF_UNIX && system_errno == EAGAIN) {
        set_trouble(err, endpoint, "its queue is full");
        return -1;
    }
    if (system_errno == EADDRNOTAVAIL && has_own_address(endpoint)) {
        set_trouble(err, endpoint, "no local port is left");
        return DIAL_CANNOT;
    }
    set_trouble(err, endpoint, strerror(system_errno));
    return system_errno == EAGAIN || is_shortage(system_errno) ? DIAL_CANNOT : -1;
}

int
dial_begin(const struct endpoint *endpoint, struct err *err)
{
    int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        int result = is_shortage(errno) ? DIAL_CANNOT : -1;
        set_trouble(err, endpoint, strerror(errno));
        return result;
    }
    if (endpoint->address.ss_family != AF_UNIX) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->length) != 0 &&
        errno != EINPROGRESS && errno != EINTR) {
        int result = judge_connect(endpoint, errno, err);
        close(fd);
        return result;
    }
    return fd;
}

static bool
is_connected_to_itself(int fd)
{
    struct endpoint local = {.length = sizeof local.address};
    struct endpoint remote = {.length = sizeof remote.address};
    return getsockname(fd, (struct sockaddr *)&local.address, &local.length) == 0 &&
           getpeername(fd, (struct sockaddr *)&remote.address, &remote.length) == 0 &&
           local.address.ss_family != AF_UNIX && endpoint_equal(&local, &remote);
}

int
dial_finish(int fd, const struct endpoint *endpoint, struct err *err)
{
    int result = 0;
    socklen_t size = sizeof result;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size) != 0)
        result = errno;
    if (result != 0) {
        set_trouble(err, endpoint, strerror(result));
        return -1;
    }
    if (is_connected_to_itself(fd)) {
        set_trouble(err, endpoint, "nobody listens there, the connection is one to itself");
        return -1;
    }
    return 0;
}
