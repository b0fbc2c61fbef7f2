/*
 * smtp_script: a server on a loopback port that follows a script and keeps an eye on what the
 * client says, for tests.
 *
 * A script is a text of steps, one a line:
 *
 *     S TEXT    send TEXT and CR LF
 *     R TEXT    send TEXT alone, with ~ for NUL, ^ for CR and | for LF
 *     C TEXT    the client must say exactly TEXT; a * at the end stands for anything
 *     T         TLS handshake
 *     stall     say nothing more until the client goes away
 *     reset     cut the connection off
 *     close     close the connection
 *
 * Behind the last step the client may say QUIT, and nothing else. One connection is one script; a
 * server has a list of them, and closes its port behind the last unless that is repeated.
 */
#ifndef MAILREEVE_TEST_SMTP_SCRIPT_H
#define MAILREEVE_TEST_SMTP_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
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
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SMTP_SCRIPT_LINE_MAX = 4096, SMTP_SCRIPT_PATIENCE_S = 20 };

struct smtp_script {
    int listener;
    unsigned port;
    pthread_t thread;
    const char *const *scripts; /* ends with NULL */
    bool repeats;               /* the last script */
    SSL_CTX *tls;               /* NULL: no script has a T */
    atomic_uint connections;    /* served to their end */
    atomic_int stalling_fd;     /* of the connection that stalls; 0: none */
    /* the thread's own until it is joined */
    char trouble[SMTP_SCRIPT_LINE_MAX + 64]; /* what the client said that it should not */
};

/* One connection of it. */
struct smtp_peer {
    int fd;
    SSL *ssl;
};

static inline bool
smtp_peer_send(struct smtp_peer *peer, const char *bytes, size_t length)
{
    if (peer->ssl != NULL)
        return SSL_write(peer->ssl, bytes, (int)length) == (int)length;
    return send(peer->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Reads a line, without its CR LF; returns false at the end of the stream. */
static inline bool
smtp_peer_line(struct smtp_peer *peer, char line_r[SMTP_SCRIPT_LINE_MAX])
{
    size_t length = 0;
    while (length < SMTP_SCRIPT_LINE_MAX - 1) {
        char byte;
        long got = peer->ssl != NULL ? SSL_read(peer->ssl, &byte, 1) : recv(peer->fd, &byte, 1, 0);
        if (got <= 0)
            return false;
        if (byte == '\n')
            break;
        line_r[length++] = byte;
    }
    if (length > 0 && line_r[length - 1] == '\r')
        length--;
    line_r[length] = '\0';
    return true;
}

static inline bool
smtp_peer_expect(struct smtp_script *server, struct smtp_peer *peer, const char *want)
{
    char line[SMTP_SCRIPT_LINE_MAX];
    const char *got = smtp_peer_line(peer, line) ? line : "(nothing)";
    size_t length = strlen(want);
    bool is_prefix = length > 0 && want[length - 1] == '*';
    bool fits = is_prefix ? strncmp(got, want, length - 1) == 0 : strcmp(got, want) == 0;
    if (!fits)
        snprintf(server->trouble, sizeof server->trouble, "%s (not %s)", got, want);
    return fits;
}

static inline bool
smtp_peer_send_raw(struct smtp_peer *peer, char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        switch (text[i]) {
        case '~':
            text[i] = '\0';
            break;
        case '^':
            text[i] = '\r';
            break;
        case '|':
            text[i] = '\n';
            break;
        }
    return smtp_peer_send(peer, text, length);
}

/* Returns whether the script goes on. */
static inline bool
smtp_peer_step(struct smtp_script *server, struct smtp_peer *peer, char *step)
{
    const struct linger at_once = {.l_onoff = 1};
    char line[SMTP_SCRIPT_LINE_MAX];
    switch (step[0] + (step[1] == ' ' || step[1] == '\0' ? 0 : 256)) {
    case 'S':
        return smtp_peer_send(peer, step + 2, strlen(step + 2)) && smtp_peer_send(peer, "\r\n", 2);
    case 'R':
        return smtp_peer_send_raw(peer, step + 2);
    case 'C':
        return smtp_peer_expect(server, peer, step + 2);
    case 'T':
        peer->ssl = SSL_new(server->tls);
        SSL_set_fd(peer->ssl, peer->fd);
        return SSL_accept(peer->ssl) == 1;
    default:
        break;
    }
    if (strcmp(step, "stall") == 0) {
        server->stalling_fd = peer->fd;
        while (smtp_peer_line(peer, line))
            continue;
        server->stalling_fd = 0;
    } else if (strcmp(step, "reset") == 0)
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (strcmp(step, "close") != 0)
        snprintf(server->trouble, sizeof server->trouble, "no such step: %s", step);
    return false;
}

static inline void
smtp_peer_follow(struct smtp_script *server, struct smtp_peer *peer, const char *script)
{
    char steps[2 * SMTP_SCRIPT_LINE_MAX], line[SMTP_SCRIPT_LINE_MAX];
    char *rest = NULL;
    snprintf(steps, sizeof steps, "%s", script);
    for (char *step = strtok_r(steps, "\n", &rest); step != NULL;
         step = strtok_r(NULL, "\n", &rest))
        if (!smtp_peer_step(server, peer, step))
            return;
    while (smtp_peer_line(peer, line))
        if (strcmp(line, "QUIT") != 0)
            snprintf(server->trouble, sizeof server->trouble, "%s (behind the script)", line);
}

static inline void *
smtp_script_run(void *argument)
{
    struct smtp_script *server = argument;
    for (const char *const *script = server->scripts; *script != NULL;) {
        /* accept takes a descriptor before it waits, and some tests leave none for a while. */
        (void)poll(&(struct pollfd){.fd = server->listener, .events = POLLIN}, 1, -1);
        struct smtp_peer peer = {.fd = accept(server->listener, NULL, NULL)};
        if (peer.fd < 0)
            break;
        /* A line is sent in pieces, and nobody is to wait for the acknowledgement of the first. */
        const int at_once = 1;
        setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        const struct timeval patience = {.tv_sec = SMTP_SCRIPT_PATIENCE_S};
        setsockopt(peer.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        smtp_peer_follow(server, &peer, *script);
        SSL_free(peer.ssl);
        close(peer.fd);
        server->connections++;
        if (!server->repeats || script[1] != NULL)
            script++;
    }
    shutdown(server->listener, SHUT_RDWR);
    return NULL;
}

/* scripts is borrowed and ends with NULL; none at all is a port that refuses. */
static inline void
smtp_script_start(struct smtp_script *server, const char *const *scripts, SSL_CTX *tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *server = (struct smtp_script){.scripts = scripts, .tls = tls};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(server->listener, (struct sockaddr *)&address, &length);
    server->port = ntohs(address.sin_port);
    if (scripts[0] != NULL)
        assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, smtp_script_run, server), 0);
}

/* Ends the server, with scripts left or not. */
static inline void
smtp_script_stop(struct smtp_script *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

#endif
