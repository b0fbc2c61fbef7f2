/*
 * refusals: refused recipients count against whoever has not authenticated (MDaemon, dynamic
 * screening).
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_REFUSALS_H
#define MAILREEVE_REFUSALS_H

#include "decide.h"
#include "message.h"

/* A decision about a recipient: counts it if it is such a refusal, and tells of a ban that comes of
 * it. Returns whether the client is banned from now on. */
bool refusals_count(const struct decision *decision, const struct site *site, struct store *store,
                    const struct caller *caller, struct deadline deadline);

#endif
