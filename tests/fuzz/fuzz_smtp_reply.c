/* A server that says any bytes, all at once or a reply for each line that it hears, and then
 * closes: the client never crashes, never waits, and takes a password for right or wrong only where
 * a line of the server's begins with 235 or 535, and a recipient for known or unknown only where
 * one begins with 2 or 5. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "smtp_auth.h"
#include "smtp_callahead.h"
#include "smtp_client.h"
#include "smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 65536, PATIENCE_MS = 60000, ALL_MECHANISMS = 7 };

static bool
has_line(const uint8_t *data, size_t size, const char *code)
{
    const size_t length = strlen(code);
    for (size_t i = 0; i + length <= size; i++)
        if ((i == 0 || data[i - 1] == '\n') && memcmp(data + i, code, length) == 0)
            return true;
    return false;
}

/* The parser alone, line by line. */
static void
parse(const uint8_t *data, size_t size)
{
    struct smtp_reply reply = {0};
    for (size_t at = 0; at < size;) {
        const uint8_t *feed = memchr(data + at, '\n', size - at);
        size_t length = feed != NULL ? (size_t)(feed - data) - at : size - at;
        struct err err;
        enum smtp_line step = smtp_reply_add(&reply, (const char *)data + at, length, &err);
        if (step != SMTP_LINE_BROKEN &&
            (reply.code < 200 || reply.code > 599 || strlen(reply.text) >= SMTP_REPLY_TEXT_MAX ||
             reply.status_length > strlen(reply.text) || reply.lines > SMTP_REPLY_LINES_MAX))
            abort();
        if (step != SMTP_LINE_MORE)
            reply = (struct smtp_reply){0};
        at += length + 1;
    }
}

/* The listening end of a unix socket in the abstract name space, made once. */
static int
listener(struct endpoint *endpoint_r)
{
    static int fd = -1;
    static struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t name_length = 32;
    if (fd < 0) {
        snprintf(address.sun_path + 1, name_length, "fuzz-smtp-%ld", (long)getpid());
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_length);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 4) != 0)
            abort();
    }
    memcpy(&endpoint_r->address, &address, sizeof address);
    endpoint_r->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_length);
    return fd;
}

static enum smtp_judgement
ask_about_password(struct conn *conn, const struct smtp_reply *offer, struct deadline deadline)
{
    static const struct smtp_xclient xclient = {
        .client = {.family = NETADDR_IPV4, .bytes = {192, 0, 2, 1}}, .helo = "a+b"};
    struct err err;
    struct smtp_reply offer_now = *offer;
    enum smtp_judgement judgement =
        smtp_client_forward(conn, "[127.0.0.1]", &xclient, &offer_now, deadline, &err);
    if (judgement != SMTP_YES)
        return judgement;
    struct secret password;
    secret_init(&password);
    secret_set(&password, "open sesame", 11);
    judgement =
        smtp_auth(conn, &offer_now, ALL_MECHANISMS, "boss@acme.example", &password, deadline, &err);
    secret_fini(&password);
    return judgement;
}

static enum smtp_judgement
ask_about_recipient(struct conn *conn, const struct smtp_reply *offer, struct deadline deadline)
{
    static const struct mailbox recipient = {.local = "b\xc3\xb6ss", .domain = "acme.example"};
    struct err err;
    return smtp_callahead(conn, offer, "", &recipient, deadline, &err);
}

static const struct question {
    enum smtp_judgement (*ask)(struct conn *, const struct smtp_reply *, struct deadline);
    const char *yes, *no; /* what a line of the server's begins with if that was its answer */
} questions[] = {
    {ask_about_password, "235", "535"},
    {ask_about_recipient, "2", "5"},
};

static enum smtp_judgement
converse(struct conn *conn, const struct question *question, struct deadline deadline)
{
    const struct smtp_manner manner = {
        .tls = SMTP_TLS_NONE, .host = "mx.example", .helo = "[127.0.0.1]"};
    struct err err;
    struct smtp_reply offer;
    enum smtp_judgement greeted = smtp_client_greet(conn, &manner, deadline, &offer, &err);
    if (greeted == SMTP_NO)
        abort();
    return greeted == SMTP_YES ? question->ask(conn, &offer, deadline) : SMTP_NOT_JUDGED;
}

struct server {
    const uint8_t *data;
    size_t size;
    int fd;
    bool in_steps;
};

/* The length of the first reply: up to a line that does not go on. */
static size_t
reply_length(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const uint8_t *feed = memchr(data + at, '\n', size - at);
        const bool goes_on = size - at > 3 && data[at + 3] == '-';
        if (feed == NULL)
            return size;
        at = (size_t)(feed - data) + 1;
        if (!goes_on)
            return at;
    }
    return size;
}

static void *
serve(void *argument)
{
    const struct server *server = argument;
    char heard[4096];
    size_t at = 0;
    do {
        size_t length = server->size - at;
        if (server->in_steps)
            length = reply_length(server->data + at, length);
        if (send(server->fd, server->data + at, length, MSG_NOSIGNAL) != (ssize_t)length)
            break;
        at += length;
    } while (at < server->size && recv(server->fd, heard, sizeof heard, 0) > 0);
    shutdown(server->fd, SHUT_WR);
    return NULL;
}

static void
ask(const uint8_t *data, size_t size, const struct question *question, bool in_steps)
{
    struct endpoint endpoint = {.length = 0};
    int fd = listener(&endpoint);
    struct deadline deadline = deadline_after(PATIENCE_MS);
    struct conn *conn = conn_open(&endpoint, deadline, NULL, NULL);
    struct server server = {data, size, accept(fd, NULL, NULL), in_steps};
    pthread_t thread;
    if (conn == NULL || server.fd < 0 || pthread_create(&thread, NULL, serve, &server) != 0)
        abort();
    enum smtp_judgement judgement = converse(conn, question, deadline);
    if ((judgement == SMTP_YES && !has_line(data, size, question->yes)) ||
        (judgement == SMTP_NO && !has_line(data, size, question->no)) || deadline_is_over(deadline))
        abort();
    conn_close(conn);
    pthread_join(thread, NULL);
    close(server.fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size);
    for (size_t i = 0; size <= BYTES_MAX && i < sizeof questions / sizeof questions[0]; i++)
        for (int in_steps = 0; in_steps < 2; in_steps++)
            ask(data, size, &questions[i], in_steps != 0);
    return 0;
}
