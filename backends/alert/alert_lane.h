/*
 * alert_lane: the messages of one alert that wait, the command under way, and what the log says of
 * them.
 *
 * Not thread-safe where not said: alert_runner.c's lock guards what is queued, and the rest is its
 * thread's own. Commands of one alert run one after the other.
 */
#ifndef MAILREEVE_ALERT_LANE_H
#define MAILREEVE_ALERT_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alarm.h"
#include "alert_run.h"

enum { ALERT_QUEUE_MAX = 100, ALERT_COMMAND_MS = 30000 };

struct alert_job {
    char **command;
    char *message;
    enum alarm_kind kind;
};

/* What is told in the log once a minute. */
struct alert_complaint {
    int64_t again_ms;
    int64_t untold;
};

struct alert_lane {
    char *name;
    /* under lock: a ring */
    struct alert_job queue[ALERT_QUEUE_MAX];
    size_t first, count;
    struct alert_complaint dropped;
    /* the thread's own */
    struct alert_run *run; /* NULL: none */
    enum alarm_kind run_kind;
    int64_t run_since_ms;
    struct alert_complaint failed;
};

struct alert_lane *alert_lane_create(const char *name);
void alert_lane_free(struct alert_lane *lane); /* kills the command, drops what waits */

/* Under lock. Takes job's memory over; where there is no room the oldest goes. */
void alert_lane_add(struct alert_lane *lane, const struct alert_job *job);
/* Under lock. Returns whether there was one. */
bool alert_lane_take(struct alert_lane *lane, struct alert_job *job_r);
/* Under lock. Drops what waits. */
void alert_lane_clear(struct alert_lane *lane);

/* Thread's own: starts a command; takes job's memory over. */
void alert_lane_start(struct alert_lane *lane, struct alert_job *job);
/* Thread's own: goes on with the command; once it has ended the lane is free for the next. */
void alert_lane_continue(struct alert_lane *lane);

#endif
