/*
 * metrics: what the service counts about its sessions, for /metrics and /status.
 *
 * Thread-safe; counting takes no lock. Counts begin with the process.
 */
#ifndef MAILREEVE_METRICS_H
#define MAILREEVE_METRICS_H

#include <stdint.h>

#include "screening.h"
#include "verdict.h"

enum {
    METRICS_PROTOCOLS = PROTOCOL_HTTP + 1,
    METRICS_ACTIONS = VERDICT_ACCEPT + 1,
    METRICS_TIMES = 10, /* buckets of how long decisions took; the last has no bound */
};

struct metrics;

struct metrics *metrics_create(void); /* never NULL */
void metrics_free(struct metrics *metrics);

void metrics_session_began(struct metrics *metrics);
void metrics_session_ended(struct metrics *metrics);

/* A session was answered. */
void metrics_decided(struct metrics *metrics, enum protocol protocol, const struct verdict *verdict,
                     int64_t took_us);

/* One was told to ask again: there were too many, or too many attempts of its network. */
void metrics_waits(struct metrics *metrics);

/* What the store made of it. */
void metrics_ended(struct metrics *metrics, const struct attempt_end *end);

/* All counts, each as it was at some moment of the call. */
struct metrics_counts {
    int64_t started_ms; /* wall clock */
    uint64_t sessions;  /* now */
    uint64_t decisions[METRICS_PROTOCOLS][REASON_COUNT][METRICS_ACTIONS];
    uint64_t times[METRICS_TIMES]; /* decisions that took at most so long, and longer than the
                                      bucket before */
    uint64_t took_us;              /* all decisions */
    uint64_t waits, bans, would_bans;
};
void metrics_read(struct metrics *metrics, struct metrics_counts *counts_r);

/* The upper bounds of the buckets in microseconds, but for the last. */
extern const int64_t metrics_bounds_us[METRICS_TIMES - 1];

#endif
