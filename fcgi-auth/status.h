/*
 * status: how the service is, for `mailreeve status`, for scripts and for Prometheus.
 *
 * Names are those of the configuration; no login and no client is told. All functions return heap
 * memory.
 */
#ifndef MAILREEVE_STATUS_H
#define MAILREEVE_STATUS_H

#include "world.h"

/* One JSON object. "status" is "ok", or "degraded" where "degraded" names what is not as it should
 * be: the store is down or full, all servers of a source are down, all of an upstream down or
 * drained. */
char *status_json(const struct world *world);

/* The same for people; the first line is "status ok" or "status degraded: ...". */
char *status_text(const struct world *world);

#endif
