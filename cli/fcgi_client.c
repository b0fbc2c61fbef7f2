#include "fcgi_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"

enum { HEADER_SIZE = 8, REQUEST_ID = 1, REQUEST_MAX = FCGI_QUERY_MAX + 1024, REPLY_MAX = 16 << 20 };
enum { FCGI_BEGIN_REQUEST = 1, FCGI_END_REQUEST = 3, FCGI_PARAMS, FCGI_STDIN, FCGI_STDOUT };
enum { ROLE_RESPONDER = 1, STATUS_REQUEST_COMPLETE = 0 };

struct record {
    unsigned type, id;
    size_t length, padding;
};

struct buffer {
    unsigned char bytes[REQUEST_MAX];
    size_t length;
};

static void
put_bytes(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length > sizeof buffer->bytes - buffer->length)
        abort(); /* our own words, which are short */
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void
put_record(struct buffer *buffer, unsigned char type, const void *content, size_t length)
{
    const unsigned char header[HEADER_SIZE] = {
        1, type, 0, REQUEST_ID, (unsigned char)(length >> 8), (unsigned char)length, 0, 0};
    put_bytes(buffer, header, sizeof header);
    put_bytes(buffer, content, length);
}

/* One byte below 128, else four with the highest bit set. */
static void
put_length(struct buffer *buffer, size_t length)
{
    const unsigned char bytes[4] = {(unsigned char)(0x80 | length >> 24),
                                    (unsigned char)(length >> 16), (unsigned char)(length >> 8),
                                    (unsigned char)length};
    if (length < 128)
        put_bytes(buffer, bytes + 3, 1);
    else
        put_bytes(buffer, bytes, sizeof bytes);
}

static void
put_param(struct buffer *buffer, const char *name, const char *value)
{
    put_length(buffer, strlen(name));
    put_length(buffer, strlen(value));
    put_bytes(buffer, name, strlen(name));
    put_bytes(buffer, value, strlen(value));
}

static void
build_request(struct buffer *request, const struct fcgi_question *question)
{
    struct buffer params = {.length = 0};
    put_param(&params, "REQUEST_METHOD", question->method);
    put_param(&params, "DOCUMENT_URI", question->path);
    put_param(&params, "SCRIPT_NAME", question->path);
    if (question->query != NULL)
        put_param(&params, "QUERY_STRING", question->query);
    put_param(&params, "CONTENT_LENGTH", "0");

    static const unsigned char begin[8] = {0, ROLE_RESPONDER};
    put_record(request, FCGI_BEGIN_REQUEST, begin, sizeof begin);
    put_record(request, FCGI_PARAMS, params.bytes, params.length);
    put_record(request, FCGI_PARAMS, "", 0);
    put_record(request, FCGI_STDIN, "", 0);
}

/* Waits until the descriptor is ready. Returns 0, or -1 with err at the deadline. */
static int
wait_for(int fd, short events, struct deadline deadline, struct err *err)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int ready = 0;
    do
        ready = poll(&poll_fd, 1, deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready > 0)
        return 0;
    err_set(err, "no answer in time");
    return -1;
}

static bool
must_wait(ssize_t result)
{
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static int
send_all(int fd, const unsigned char *bytes, size_t length, struct deadline deadline,
         struct err *err)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (must_wait(sent)) {
            if (wait_for(fd, POLLOUT, deadline, err) < 0)
                return -1;
            continue;
        }
        if (sent < 0) {
            err_set(err, "sending the request: %s", strerror(errno));
            return -1;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int
read_all(int fd, void *bytes_r, size_t length, struct deadline deadline, struct err *err)
{
    char *at = bytes_r;
    while (length > 0) {
        ssize_t got = recv(fd, at, length, 0);
        if (must_wait(got)) {
            if (wait_for(fd, POLLIN, deadline, err) < 0)
                return -1;
            continue;
        }
        if (got <= 0) {
            err_set(err, "reading the answer: %s",
                    got < 0 ? strerror(errno) : "the service closed the connection");
            return -1;
        }
        at += got;
        length -= (size_t)got;
    }
    return 0;
}

static int
read_header(int fd, struct deadline deadline, struct record *record_r, struct err *err)
{
    unsigned char header[HEADER_SIZE];
    if (read_all(fd, header, sizeof header, deadline, err) < 0)
        return -1;
    *record_r = (struct record){
        .type = header[1],
        .id = (unsigned)header[2] << 8 | header[3],
        .length = (size_t)header[4] << 8 | header[5],
        .padding = header[6],
    };
    if (header[0] == 1)
        return 0;
    err_set(err, "reading the answer: it is not FastCGI");
    return -1;
}

/* Reads records until the request ends; what the service wrote is in *text_r (free it, also after
 * -1). */
static int
read_output(int fd, struct deadline deadline, char **text_r, size_t *length_r, struct err *err)
{
    unsigned char content[UINT16_MAX + UINT8_MAX] = {0};
    for (;;) {
        struct record record;
        if (read_header(fd, deadline, &record, err) < 0 ||
            read_all(fd, content, record.length + record.padding, deadline, err) < 0)
            return -1;
        if (record.id != REQUEST_ID)
            continue;
        if (record.type == FCGI_END_REQUEST) {
            if (record.length >= 5 && content[4] == STATUS_REQUEST_COMPLETE)
                return 0;
            err_set(err, "the service did not take the request");
            return -1;
        }
        if (record.type != FCGI_STDOUT)
            continue;
        if (*length_r + record.length > REPLY_MAX) {
            err_set(err, "reading the answer: it is longer than %d bytes", REPLY_MAX);
            return -1;
        }
        *text_r = xrealloc(*text_r, *length_r + record.length + 1, 1);
        memcpy(*text_r + *length_r, content, record.length);
        *length_r += record.length;
        (*text_r)[*length_r] = '\0';
    }
}

/* Splits CGI output into its Status and its body. */
static int
parse_output(const char *text, size_t length, struct fcgi_reply *reply_r, struct err *err)
{
    reply_r->status = 200;
    const char *at = text, *end = text + length;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL)
            break;
        if (strncasecmp(at, "Status:", 7) == 0)
            reply_r->status = (unsigned)strtoul(at + 7, NULL, 10);
        bool is_empty = newline == at || (newline == at + 1 && *at == '\r');
        at = newline + 1;
        if (!is_empty)
            continue;
        reply_r->body_length = (size_t)(end - at);
        reply_r->body = xmalloc(reply_r->body_length + 1);
        memcpy(reply_r->body, at, reply_r->body_length);
        reply_r->body[reply_r->body_length] = '\0';
        return 0;
    }
    err_set(err, "reading the answer: it has no headers");
    return -1;
}

int
fcgi_connect(const char *socket_path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof address.sun_path) {
        err_set(err, "connecting to %s: the path is too long for a socket", socket_path);
        return -1;
    }
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    const char *hint =
        errno == EACCES ? "run this as its owner or as root" : "is mailreeve-auth running?";
    err_set(err, "connecting to %s: %s (%s)", socket_path, strerror(errno), hint);
    if (fd >= 0)
        close(fd);
    return -1;
}

int
fcgi_exchange(int fd, const struct fcgi_question *question, struct deadline deadline,
              struct fcgi_reply *reply_r, struct err *err)
{
    *reply_r = (struct fcgi_reply){0};
    struct buffer request = {.length = 0};
    build_request(&request, question);

    char *text = NULL;
    size_t length = 0;
    int status = send_all(fd, request.bytes, request.length, deadline, err);
    if (status == 0)
        status = read_output(fd, deadline, &text, &length, err);
    if (status == 0)
        status = parse_output(text == NULL ? "" : text, length, reply_r, err);
    free(text);
    return status;
}

void
fcgi_reply_fini(struct fcgi_reply *reply)
{
    free(reply->body);
    *reply = (struct fcgi_reply){0};
}
