/*
 * call: one request of the web server, as it was read.
 *
 * A value; what it points to is borrowed for as long as the request is being answered.
 */
#ifndef MAILREEVE_CALL_H
#define MAILREEVE_CALL_H

#include <stdbool.h>
#include <stddef.h>

enum { CALL_BODY_MAX = 64 * 1024 }; /* bytes */

struct call {
    char **params;    /* "NAME=VALUE", ends with NULL; may be changed in place */
    const char *body; /* any bytes; NULL: there are none */
    size_t body_length;
    bool is_body_too_long; /* longer than CALL_BODY_MAX: it was not kept */
    bool crowded; /* more than max_sessions are running: the answer has to be "later", at once */
};

#endif
