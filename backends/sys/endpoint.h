/*
 * endpoint: the address of a server, as a value.
 *
 * Pure.
 */
#ifndef MAILREEVE_ENDPOINT_H
#define MAILREEVE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "err.h"

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

/* What "host:port", "[2001:db8::1]:port" or "unix:/path" says. */
struct endpoint_text {
    char host[256]; /* lower case, no brackets; the whole text of a unix: one */
    unsigned port;  /* 0: unix */
    bool is_literal;
    struct endpoint endpoint; /* of a literal */
};

/* default_port 0: the port must be there. Returns 0, or -1 with err if the text is malformed. */
int endpoint_parse(const char *text, unsigned default_port, struct endpoint_text *parsed_r,
                   struct err *err);

/* "192.0.2.1:25", "[2001:db8::1]:25" or "unix:/path" */
void endpoint_format(const struct endpoint *endpoint, char *text_r, size_t size);

/* "192.0.2.1", "2001:db8::1" or "unix:/path" */
void endpoint_format_host(const struct endpoint *endpoint, char *text_r, size_t size);

/* 0 for unix */
unsigned endpoint_port(const struct endpoint *endpoint);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

#endif
