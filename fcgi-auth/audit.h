/*
 * audit: one line in the log for every decision.
 *
 * Whatever a client sent is escaped by the log. There is no field for a password.
 */
#ifndef MAILREEVE_AUDIT_H
#define MAILREEVE_AUDIT_H

#include <stdint.h>

#include "decide.h"
#include "route.h"
#include "verify.h"

struct audit {
    const char *session;
    const struct facts *facts;
    const struct decision *decision;
    const struct verify_result *verified; /* NULL: no source was asked */
    const struct route *route;            /* NULL: none was chosen */
    int64_t took_us;
};

/* A decision that is our own fault (REASON_INTERNAL) is logged as an error, all others as info. */
void audit_decision(const struct audit *audit);

/* What each source said, at debug level. */
void audit_asked(const char *session, const struct verify_asked *asked);

#endif
