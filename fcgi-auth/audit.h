/*
 * audit: one line in the log for every decision.
 *
 * Whatever a client sent is escaped by the log. There is no field for a password.
 */
#ifndef MAILREEVE_AUDIT_H
#define MAILREEVE_AUDIT_H

#include <stdint.h>

#include "decide.h"
#include "find.h"
#include "route.h"
#include "verify.h"

struct audit {
    const char *session;
    const struct facts *facts;
    const struct decision *decision;
    const char *code;                        /* what the client was told; "": nothing */
    const struct verify_result *verified;    /* NULL: no source was asked about a login */
    const struct recipient_asked *recipient; /* NULL: nor about a recipient */
    const struct route *route;               /* NULL: none was chosen */
    int64_t banned_ms;                       /* 0: the client is not banned for what it did */
    int64_t took_us;
};

/* A decision that is our own fault (REASON_INTERNAL) is logged as an error, all others as info. */
void audit_decision(const struct audit *audit);

#endif
