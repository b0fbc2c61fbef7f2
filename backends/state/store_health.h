/*
 * store_health: whether the store can be asked, when it is tried again, and who hears of it.
 *
 * Thread-safe. A store that failed is down at once. It is tried again after a while that doubles
 * with each failure, up to RETRY_LONGEST. A service says so in the log and as an alarm when it goes
 * down and once a minute from then on, and in the log when it is back; an outage that comes and
 * goes is told once a minute as well. A command's caller says what failed himself. Of one that is
 * full, but up, the log tells once a minute.
 */
#ifndef MAILREEVE_STORE_HEALTH_H
#define MAILREEVE_STORE_HEALTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "store.h"

struct store_health {
    /* set once */
    const char *engine;
    bool tells;

    atomic_bool is_down; /* written under lock */
    pthread_mutex_t lock;
    /* under lock */
    int64_t retry_at_ms, pause_ms; /* clock_now_ms() */
    bool is_being_tried;
    int64_t told_at_ms;    /* likewise; 0: never */
    bool up_is_due;        /* the log says that it is down */
    int64_t down_since_ms; /* wall clock */
    struct err error;
    bool is_full;
    int64_t full_told_at_ms; /* clock_now_ms(); 0: never */
    struct err full_error;
};

void store_health_init(struct store_health *health, const char *engine, bool tells);
void store_health_fini(struct store_health *health);

/* Whether it is up; else err says why it is down. */
bool store_health_is_up(struct store_health *health, struct err *err);

/* The same, or it is time to try again: then for one caller only, who must say how it went. */
bool store_health_may_try(struct store_health *health, struct err *err);

void store_health_good(struct store_health *health);
void store_health_bad(struct store_health *health, const struct err *err);

/* That there is no room, and why; NULL: there is. */
void store_health_full(struct store_health *health, const struct err *err);

/* Milliseconds until it is tried again, at most most_ms; most_ms while it is up. */
int store_health_wait_ms(struct store_health *health, int most_ms);

/* Fills is_up, down_since_ms, is_full and error. */
void store_health_status(struct store_health *health, struct store_status *status_r);

#endif
