/*
 * server_log: what the log, and whoever listens to alarms, hears of a server that is asked.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_SERVER_LOG_H
#define MAILREEVE_SERVER_LOG_H

#include <stdint.h>

#include "err.h"

/* That a server of a source went down by that failure, which raises an alarm, or, with NULL, is up
 * again. */
void server_log_change(const char *source, const char *server, const struct err *failure);

/* The alarm alone, for servers that have their own words in the log. */
void server_log_alarm(const char *source, const char *server, const struct err *failure);

/* A server answers, but not in the way that the configuration expects: for a person to mend. Told
 * once a minute; again_ms, zero at first, is the caller's and says when the next time is. */
void server_log_misconfigured(const char *source, const char *server, const struct err *err,
                              const char *hint, _Atomic int64_t *again_ms);

#endif
