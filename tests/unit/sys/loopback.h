/*
 * loopback: a server on a loopback port that follows a script, for tests.
 *
 * One thread serves one connection after the other, each by the same script. It is stopped from
 * outside at any step; nothing in it waits for time to pass.
 */
#ifndef MAILREEVE_TEST_LOOPBACK_H
#define MAILREEVE_TEST_LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "endpoint.h"

enum step_kind {
    STEP_END = 0, /* close the connection */
    STEP_SEND,
    STEP_DRIBBLE, /* one byte a segment */
    STEP_EXPECT,  /* read until a line with these bytes was seen */
    STEP_STALL,   /* do nothing until the client has gone */
    STEP_RESET,
    STEP_FLOOD, /* send it again and again until the client has gone */
};

struct step {
    enum step_kind kind;
    const char *text;
};

struct loopback {
    int listener, stop;
    unsigned port;
    pthread_t thread;
    _Atomic(const struct step *) script; /* of the connections to come */
    atomic_int accepted, followed;       /* connections begun, and followed to the script's end */
};

/* Fills text with copies of a line, for a flood that the client cannot outpace. */
static inline void
loopback_repeat(const char *line, char *text_r, size_t size)
{
    size_t length = strlen(line), filled = 0;
    for (; filled + length < size; filled += length)
        memcpy(text_r + filled, line, length);
    text_r[filled] = '\0';
}

/* Whether the descriptor became readable, not the stop. */
static inline bool
loopback_wait(const struct loopback *server, int fd)
{
    struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {.fd = server->stop, .events = POLLIN}};
    poll(ready, 2, -1);
    return ready[1].revents == 0;
}

static inline bool
loopback_expect(const struct loopback *server, int fd, const char *text)
{
    char seen[4096];
    size_t length = 0;
    while (loopback_wait(server, fd) && length < sizeof seen - 1) {
        ssize_t got = recv(fd, seen + length, sizeof seen - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        seen[length] = '\0';
        if (strstr(seen, text) != NULL && seen[length - 1] == '\n')
            return true;
    }
    return false;
}

static inline void
loopback_drain(const struct loopback *server, int fd)
{
    char bytes[1024];
    while (loopback_wait(server, fd) && recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

static inline bool
loopback_send(int fd, const char *text, size_t piece)
{
    for (size_t sent = 0, length = strlen(text); sent < length; sent += piece)
        if (send(fd, text + sent, length - sent < piece ? length - sent : piece, MSG_NOSIGNAL) < 0)
            return false;
    return true;
}

/* Returns whether the script goes on. */
static inline bool
loopback_step(const struct loopback *server, int fd, const struct step *step)
{
    struct linger reset = {.l_onoff = 1};
    switch (step->kind) {
    case STEP_END:
        return false;
    case STEP_SEND:
        return loopback_send(fd, step->text, strlen(step->text));
    case STEP_DRIBBLE:
        return loopback_send(fd, step->text, 1);
    case STEP_EXPECT:
        return loopback_expect(server, fd, step->text);
    case STEP_STALL:
        loopback_drain(server, fd);
        return true;
    case STEP_RESET:
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return false;
    case STEP_FLOOD:
        while (loopback_send(fd, step->text, strlen(step->text)))
            ;
        return true;
    }
    return false;
}

static inline void *
loopback_run(void *argument)
{
    struct loopback *server = argument;
    while (loopback_wait(server, server->listener)) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            continue;
        const struct step *step = server->script;
        server->accepted++;
        while (loopback_step(server, fd, step))
            step++;
        if (step->kind == STEP_END || step->kind == STEP_RESET)
            server->followed++;
        close(fd);
    }
    return NULL;
}

/* Opens the port; nobody serves it yet. family: AF_INET or AF_INET6. Returns false if the machine
 * does not have the family. */
static inline bool
loopback_listen(struct loopback *server, int family)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool six = family == AF_INET6;
    const struct sockaddr *address = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    struct endpoint bound = {.length = six ? sizeof v6 : sizeof v4};

    *server = (struct loopback){0};
    server->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, address, bound.length) != 0)
        return false;
    assert_int_equal(listen(server->listener, 16), 0);
    getsockname(server->listener, (struct sockaddr *)&bound.address, &bound.length);
    server->port = endpoint_port(&bound);
    return true;
}

static inline void
loopback_serve(struct loopback *server, const struct step *script)
{
    server->script = script;
    server->stop = eventfd(0, EFD_CLOEXEC);
    assert_true(server->stop >= 0);
    assert_int_equal(pthread_create(&server->thread, NULL, loopback_run, server), 0);
}

static inline void
loopback_start(struct loopback *server, const struct step *script)
{
    assert_true(loopback_listen(server, AF_INET));
    loopback_serve(server, script);
}

/* Ends the thread and closes the port. */
static inline void
loopback_stop(struct loopback *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop);
}

static inline struct endpoint
loopback_endpoint(const struct loopback *server)
{
    char text[32];
    struct endpoint_text parsed;
    snprintf(text, sizeof text, "127.0.0.1:%u", server->port);
    assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
    return parsed.endpoint;
}

#endif
