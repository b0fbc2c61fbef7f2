#include "alert_lane.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "alert.h"
#include "alloc.h"
#include "clock.h"
#include "command_words.h"
#include "log.h"

enum { COMPLAIN_EVERY_MS = 60000 };

static atomic_uint_least64_t sent, failed;

void
alerts_totals(struct alert_totals *totals_r)
{
    totals_r->sent = atomic_load_explicit(&sent, memory_order_relaxed);
    totals_r->failed = atomic_load_explicit(&failed, memory_order_relaxed);
}

struct alert_lane *
alert_lane_create(const char *name)
{
    struct alert_lane *lane = xcalloc(1, sizeof *lane);
    lane->name = xstrdup(name);
    return lane;
}

static void
drop(struct alert_job *job)
{
    command_words_free(job->command);
    free(job->message);
    *job = (struct alert_job){0};
}

void
alert_lane_free(struct alert_lane *lane)
{
    alert_run_free(lane->run);
    alert_lane_clear(lane);
    free(lane->name);
    free(lane);
}

/* Returns whether it is told now; then *times_r is how often it was so since it was told last. */
static bool
may_complain(struct alert_complaint *complaint, int64_t *times_r)
{
    int64_t now_ms = clock_now_ms();
    complaint->untold++;
    if (now_ms < complaint->again_ms)
        return false;
    complaint->again_ms = now_ms + COMPLAIN_EVERY_MS;
    *times_r = complaint->untold;
    complaint->untold = 0;
    return true;
}

void
alert_lane_add(struct alert_lane *lane, const struct alert_job *job)
{
    int64_t times;
    if (lane->count == ALERT_QUEUE_MAX) {
        struct alert_job oldest;
        alert_lane_take(lane, &oldest);
        drop(&oldest);
        if (may_complain(&lane->dropped, &times))
            log_event(LOG_WARN, "alert.failed", LOG_STR("alert", lane->name),
                      LOG_STR("error", "more messages wait than may: the oldest are dropped"),
                      LOG_INT("times", times));
    }
    lane->queue[(lane->first + lane->count++) % ALERT_QUEUE_MAX] = *job;
}

bool
alert_lane_take(struct alert_lane *lane, struct alert_job *job_r)
{
    if (lane->count == 0)
        return false;
    *job_r = lane->queue[lane->first];
    lane->first = (lane->first + 1) % ALERT_QUEUE_MAX;
    lane->count--;
    return true;
}

void
alert_lane_clear(struct alert_lane *lane)
{
    struct alert_job job;
    while (alert_lane_take(lane, &job))
        drop(&job);
}

static void
log_failure(struct alert_lane *lane, const struct err *err)
{
    int64_t times;
    atomic_fetch_add_explicit(&failed, 1, memory_order_relaxed);
    if (!may_complain(&lane->failed, &times))
        return;
    size_t length = 0;
    const char *output = lane->run != NULL ? alert_run_output(lane->run, &length) : NULL;
    log_event(LOG_WARN, "alert.failed", LOG_STR("alert", lane->name),
              LOG_STR("about", alarm_kind_name(lane->run_kind)), LOG_STR("error", err->text),
              LOG_BYTES("output", output, length), LOG_INT("times", times));
}

void
alert_lane_start(struct alert_lane *lane, struct alert_job *job)
{
    struct err err;
    lane->run_kind = job->kind;
    lane->run_since_ms = clock_now_ms();
    lane->run = alert_run_start(job->command, job->message, deadline_after(ALERT_COMMAND_MS), &err);
    job->message = NULL;
    drop(job);
    if (lane->run == NULL)
        log_failure(lane, &err);
}

static void
note_sent(const struct alert_lane *lane)
{
    atomic_fetch_add_explicit(&sent, 1, memory_order_relaxed);
    log_event(LOG_INFO, "alert.sent", LOG_STR("alert", lane->name),
              LOG_STR("about", alarm_kind_name(lane->run_kind)),
              LOG_INT("ms", clock_now_ms() - lane->run_since_ms));
}

void
alert_lane_continue(struct alert_lane *lane)
{
    if (lane->run == NULL || !alert_run_continue(lane->run))
        return;
    struct err err;
    if (alert_run_succeeded(lane->run, &err))
        note_sent(lane);
    else
        log_failure(lane, &err);
    alert_run_free(lane->run);
    lane->run = NULL;
}
