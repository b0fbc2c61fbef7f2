/*
 * server_log: what the log hears of a mail server that is asked.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_SERVER_LOG_H
#define MAILREEVE_SERVER_LOG_H

#include <stdint.h>

#include "err.h"

/* That a server of a source went down by that failure, or, with NULL, is up again. */
void server_log_change(const char *source, const char *server, const struct err *failure);

/* A server answers, but not in the way that the configuration expects: for a person to mend. Told
 * once a minute; again_ms, zero at first, is the caller's and says when the next time is. */
void server_log_misconfigured(const char *source, const char *server, const struct err *err,
                              const char *hint, _Atomic int64_t *again_ms);

#endif
