#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "dial.h"
#include "shortage.h"

enum { BUFFER_BYTES = 2048 }; /* thousands of sessions wait with one each */

struct conn {
    int fd;
    struct tls_session *tls; /* NULL: in clear */
    struct endpoint endpoint;
    size_t start, end; /* what is received and not read yet */
    char buffer[BUFFER_BYTES];
};

/* Waits until the descriptor is ready. Returns 0, or -1 with err at the deadline. */
static int
wait_for(const struct conn *conn, short events, const char *what, struct deadline deadline,
         struct err *err)
{
    struct pollfd ready = {.fd = conn->fd, .events = events};
    for (;;) {
        int result = poll(&ready, 1, deadline_left_ms(deadline));
        if (result > 0)
            return 0;
        if (result == 0 && deadline_is_over(deadline)) {
            err_set(err, "%s: timed out", what);
            return -1;
        }
        if (result < 0 && errno != EINTR) {
            err_set(err, "%s: %s", what, strerror(errno));
            return -1;
        }
    }
}

struct conn *
conn_open(const struct endpoint *endpoint, struct deadline deadline, bool *is_shortage,
          struct err *err)
{
    struct err trouble;
    int fd = dial_begin(endpoint, &trouble);
    if (fd == DIAL_CANNOT) {
        shortage_tell(&trouble);
        if (is_shortage != NULL)
            *is_shortage = true;
    }
    if (fd < 0) {
        err_set(err, "%s", trouble.text);
        return NULL;
    }
    struct conn *conn = xmalloc(sizeof *conn);
    conn->fd = fd;
    conn->tls = NULL;
    conn->endpoint = *endpoint;
    conn->start = conn->end = 0;

    char what[160], address[128];
    endpoint_format(endpoint, address, sizeof address);
    snprintf(what, sizeof what, "cannot connect to %s", address);
    if (wait_for(conn, POLLOUT, what, deadline, err) != 0 || dial_finish(fd, endpoint, err) != 0) {
        conn_close(conn);
        return NULL;
    }
    return conn;
}

void
conn_wipe(struct conn *conn)
{
    explicit_bzero(conn->buffer, sizeof conn->buffer);
    conn->start = conn->end = 0;
}

void
conn_close(struct conn *conn)
{
    if (conn == NULL)
        return;
    tls_session_free(conn->tls);
    close(conn->fd);
    conn_wipe(conn);
    free(conn);
}

/* Waits for what TLS wants. Returns 0, or -1 with err. */
static int
wait_for_tls(const struct conn *conn, int wanted, const char *what, struct deadline deadline,
             struct err *err)
{
    return wait_for(conn, wanted == TLS_WANT_READ ? POLLIN : POLLOUT, what, deadline, err);
}

int
conn_start_tls(struct conn *conn, const struct tls_context *context, const char *host,
               struct deadline deadline, struct err *err)
{
    if (conn_has_unread(conn)) {
        err_set(err, "refused to start TLS: the server, or somebody between, sent bytes in clear "
                     "behind its go-ahead");
        return -1;
    }
    conn->tls = tls_session_create(context, conn->fd, host, err);
    if (conn->tls == NULL)
        return -1;
    for (;;) {
        int result = tls_handshake(conn->tls, err);
        if (result == 1)
            return 0;
        if (result == -1 || wait_for_tls(conn, result, "TLS handshake", deadline, err) != 0)
            return -1;
    }
}

bool
conn_has_tls(const struct conn *conn)
{
    return conn->tls != NULL;
}

/* Sends what fits now. Returns the number of bytes, -1 with err, or a TLS_WANT value. */
static int
send_some(struct conn *conn, const char *bytes, size_t length, struct err *err)
{
    if (conn->tls != NULL)
        return tls_write(conn->tls, bytes, length < 16384 ? (int)length : 16384, err);
    ssize_t sent = send(conn->fd, bytes, length, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    if (errno == EAGAIN || errno == EINTR)
        return TLS_WANT_WRITE;
    err_set(err, "write: %s", strerror(errno));
    return -1;
}

int
conn_write(struct conn *conn, const char *bytes, size_t length, struct deadline deadline,
           struct err *err)
{
    while (length > 0) {
        int sent = send_some(conn, bytes, length, err);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (sent == 0) {
            err_set(err, "write: the connection was closed");
            return -1;
        } else if (sent == -1 || wait_for_tls(conn, sent, "write", deadline, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Receives into the empty buffer. Returns the number of bytes, 0 at the end of the stream, -1 with
 * err, or a TLS_WANT value. */
static int
receive_some(struct conn *conn, struct err *err)
{
    if (conn->tls != NULL)
        return tls_read(conn->tls, conn->buffer, sizeof conn->buffer, err);
    ssize_t got = recv(conn->fd, conn->buffer, sizeof conn->buffer, 0);
    if (got >= 0)
        return (int)got;
    if (errno == EAGAIN || errno == EINTR)
        return TLS_WANT_READ;
    err_set(err, "read: %s", strerror(errno));
    return -1;
}

static int
fill(struct conn *conn, struct deadline deadline, struct err *err)
{
    /* A server that never stops sending lines must not keep us past the deadline either. */
    while (!deadline_is_over(deadline)) {
        int got = receive_some(conn, err);
        if (got > 0) {
            conn->start = 0;
            conn->end = (size_t)got;
            return 0;
        }
        if (got == 0) {
            err_set(err, "read: the server closed the connection");
            return -1;
        }
        if (got == -1 || wait_for_tls(conn, got, "read", deadline, err) != 0)
            return -1;
    }
    err_set(err, "read: timed out");
    return -1;
}

/* Moves received bytes up to and with LF to line_r + length. Returns whether the LF was there. */
static bool
take(struct conn *conn, char *line_r, size_t size, size_t *length)
{
    while (conn->start < conn->end) {
        char byte = conn->buffer[conn->start];
        if (byte != '\n' && *length == size)
            return false;
        conn->start++;
        if (byte == '\n')
            return true;
        line_r[(*length)++] = byte;
    }
    return false;
}

int
conn_read_line(struct conn *conn, char *line_r, size_t size, struct deadline deadline,
               struct err *err)
{
    size_t length = 0;
    while (!take(conn, line_r, size, &length)) {
        if (conn->start < conn->end) {
            err_set(err, "read: the server sent a line of more than %zu bytes", size - 1);
            return -1;
        }
        if (fill(conn, deadline, err) != 0)
            return -1;
    }
    if (length > 0 && line_r[length - 1] == '\r')
        length--;
    if (length == size) {
        err_set(err, "read: the server sent a line of more than %zu bytes", size - 1);
        return -1;
    }
    line_r[length] = '\0';
    return (int)length;
}

int
conn_read(struct conn *conn, char *bytes_r, size_t size, struct deadline deadline, struct err *err)
{
    if (conn->start == conn->end && fill(conn, deadline, err) != 0)
        return -1;
    size_t length = conn->end - conn->start < size ? conn->end - conn->start : size;
    memcpy(bytes_r, conn->buffer + conn->start, length);
    conn->start += length;
    return (int)length;
}

bool
conn_has_unread(const struct conn *conn)
{
    return conn->start < conn->end;
}

int
conn_fd(const struct conn *conn)
{
    return conn->fd;
}

struct netaddr
conn_own_address(const struct conn *conn)
{
    struct sockaddr_storage local = {0};
    socklen_t length = sizeof local;
    struct netaddr own = {.family = NETADDR_NONE};
    if (getsockname(conn->fd, (struct sockaddr *)&local, &length) != 0)
        return own;
    if (local.ss_family == AF_INET) {
        own.family = NETADDR_IPV4;
        memcpy(own.bytes, &((const struct sockaddr_in *)&local)->sin_addr, 4);
    } else if (local.ss_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)&local)->sin6_addr;
        const bool is_mapped = IN6_IS_ADDR_V4MAPPED(six);
        own.family = is_mapped ? NETADDR_IPV4 : NETADDR_IPV6;
        memcpy(own.bytes, six->s6_addr + (is_mapped ? 12 : 0), is_mapped ? 4 : 16);
    }
    return own;
}

const struct endpoint *
conn_endpoint(const struct conn *conn)
{
    return &conn->endpoint;
}
