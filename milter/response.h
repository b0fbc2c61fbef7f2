/*
 * response: what the guard says to a step of a message.
 *
 * A value. Zero is a temporary failure.
 */
#ifndef MAILREEVE_MILTER_RESPONSE_H
#define MAILREEVE_MILTER_RESPONSE_H

#include "verdict.h"

enum response_action {
    RESPONSE_TEMPFAIL = 0,
    RESPONSE_REFUSE,
    RESPONSE_GO_ON,
    RESPONSE_SKIP, /* go on, and tell no more of this kind (of the body) */
};

enum { RESPONSE_TEXT_MAX = 512 };

struct response {
    enum response_action action;
    char code[4], extended[12];   /* "550", "5.7.1"; empty with GO_ON and SKIP */
    char text[RESPONSE_TEXT_MAX]; /* printable ASCII, not yet escaped for libmilter */
};

struct response response_go_on(void);

/* What a verdict says in SMTP. */
struct response response_of(const struct verdict *verdict);

#endif
