/*
 * The thread sleeps in background.c while no command runs; with one it polls for the commands' ends
 * and for an eventfd, by which it hears of new messages.
 */
#include "alert_runner.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alert_lane.h"
#include "alloc.h"
#include "background.h"
#include "command_words.h"
#include "condition.h"
#include "log.h"

enum { KILLED_WAIT_MS = 1000 };

struct alert_runner {
    int news_fd; /* set once; -1: none were left, then ends are looked for often */

    pthread_mutex_t lock;
    pthread_cond_t rested; /* nothing runs and nothing waits */
    /* under lock; the lanes stay, and the thread looks at its own part of them without lock */
    struct background *thread; /* NULL: could not be made yet */
    struct alert_lane **lanes;
    size_t lane_count;
    bool is_at_rest;
    bool is_killing;
};

enum { LOOK_EVERY_MS = 100 };

/* The lanes as they are now, for the thread: the array may move, they do not. */
struct round {
    struct alert_lane **lanes;
    size_t count;
    size_t running;
};

static int work(void *context);

/* Under lock. */
static void
make_thread(struct alert_runner *runner)
{
    if (runner->thread == NULL)
        runner->thread = background_try("alerts", work, runner);
}

struct alert_runner *
alert_runner_create(void)
{
    struct alert_runner *runner = xcalloc(1, sizeof *runner);
    runner->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    runner->is_at_rest = true;
    pthread_mutex_init(&runner->lock, NULL);
    condition_init(&runner->rested);
    pthread_mutex_lock(&runner->lock);
    make_thread(runner);
    pthread_mutex_unlock(&runner->lock);
    return runner;
}

/* Under lock. */
static struct alert_lane *
lane_of(struct alert_runner *runner, const char *alert)
{
    for (size_t i = 0; i < runner->lane_count; i++)
        if (strcmp(runner->lanes[i]->name, alert) == 0)
            return runner->lanes[i];
    runner->lanes = xrealloc(runner->lanes, runner->lane_count + 1, sizeof(struct alert_lane *));
    return runner->lanes[runner->lane_count++] = alert_lane_create(alert);
}

static void
wake(const struct alert_runner *runner)
{
    if (runner->news_fd >= 0)
        eventfd_write(runner->news_fd, 1);
    if (runner->thread != NULL)
        background_wake(runner->thread);
}

void
alert_runner_add(struct alert_runner *runner, const char *alert, char *const *command,
                 enum alarm_kind kind, char *message)
{
    struct alert_job job = {.command = command_words_copy(command), .kind = kind};
    job.message = message;
    pthread_mutex_lock(&runner->lock);
    alert_lane_add(lane_of(runner, alert), &job);
    runner->is_at_rest = false;
    make_thread(runner);
    wake(runner);
    pthread_mutex_unlock(&runner->lock);
}

/* Starts the next command of each lane that has none under way. */
static struct round
begin_round(struct alert_runner *runner)
{
    struct round round = {0};
    pthread_mutex_lock(&runner->lock);
    round.count = runner->lane_count;
    round.lanes = xcalloc(round.count + 1, sizeof(struct alert_lane *));
    for (size_t i = 0; i < round.count; i++)
        round.lanes[i] = runner->lanes[i];
    pthread_mutex_unlock(&runner->lock);

    for (size_t i = 0; i < round.count; i++) {
        struct alert_lane *lane = round.lanes[i];
        struct alert_job job;
        while (lane->run == NULL) {
            pthread_mutex_lock(&runner->lock);
            bool is_there = alert_lane_take(lane, &job);
            pthread_mutex_unlock(&runner->lock);
            if (!is_there)
                break;
            alert_lane_start(lane, &job);
        }
        round.running += lane->run != NULL ? 1 : 0;
    }
    return round;
}

static void
wait_for_news(const struct alert_runner *runner, const struct round *round)
{
    struct pollfd *fds = xcalloc(1 + round->running * ALERT_RUN_FDS, sizeof *fds);
    struct deadline until = deadline_after(runner->news_fd < 0 ? LOOK_EVERY_MS : INT_MAX);
    size_t count = 0;
    fds[count++] = (struct pollfd){.fd = runner->news_fd, .events = POLLIN};
    for (size_t i = 0; i < round->count; i++) {
        const struct alert_run *run = round->lanes[i]->run;
        if (run == NULL)
            continue;
        alert_run_fds(run, fds + count);
        count += ALERT_RUN_FDS;
        struct deadline deadline = alert_run_deadline(run);
        if (deadline.at_ms < until.at_ms)
            until = deadline;
    }
    poll(fds, count, deadline_left_ms(until));
    free(fds);
    eventfd_t news;
    if (runner->news_fd >= 0)
        eventfd_read(runner->news_fd, &news);
}

static void
tell_rest(struct alert_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    size_t waiting = 0;
    for (size_t i = 0; i < runner->lane_count; i++)
        waiting += runner->lanes[i]->count;
    runner->is_at_rest = waiting == 0;
    if (runner->is_at_rest)
        pthread_cond_broadcast(&runner->rested);
    pthread_mutex_unlock(&runner->lock);
}

static bool
is_killing(struct alert_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    bool result = runner->is_killing;
    pthread_mutex_unlock(&runner->lock);
    return result;
}

/* Under lock: what waits is not started any more. */
static void
drop_queues(struct alert_runner *runner)
{
    int64_t dropped = 0;
    for (size_t i = 0; i < runner->lane_count; i++)
        dropped += (int64_t)runner->lanes[i]->count;
    for (size_t i = 0; i < runner->lane_count; i++)
        alert_lane_clear(runner->lanes[i]);
    if (dropped > 0)
        log_event(LOG_WARN, "alert.failed",
                  LOG_STR("error", "the service ends: messages that waited are dropped"),
                  LOG_INT("times", dropped));
}

static int
work(void *context)
{
    struct alert_runner *runner = context;
    struct round round = begin_round(runner);
    if (is_killing(runner))
        for (size_t i = 0; i < round.count; i++)
            if (round.lanes[i]->run != NULL)
                alert_run_kill(round.lanes[i]->run, "the service ends");
    if (round.running > 0) {
        wait_for_news(runner, &round);
        for (size_t i = 0; i < round.count; i++)
            alert_lane_continue(round.lanes[i]);
    } else {
        tell_rest(runner);
    }
    const size_t running = round.running;
    free(round.lanes);
    return running > 0 ? 0 : INT_MAX;
}

/* Under lock. */
static void
wait_for_rest(struct alert_runner *runner, int64_t most_ms)
{
    struct deadline deadline = deadline_after(most_ms);
    while (!runner->is_at_rest && runner->thread != NULL && !deadline_is_over(deadline))
        condition_wait(&runner->rested, &runner->lock, deadline);
}

void
alert_runner_free(struct alert_runner *runner, int64_t grace_ms)
{
    if (runner == NULL)
        return;
    pthread_mutex_lock(&runner->lock);
    wait_for_rest(runner, grace_ms);
    drop_queues(runner);
    runner->is_killing = true;
    wake(runner);
    wait_for_rest(runner, KILLED_WAIT_MS);
    struct background *thread = runner->thread;
    pthread_mutex_unlock(&runner->lock);

    if (runner->news_fd >= 0)
        eventfd_write(runner->news_fd, 1);
    background_stop(thread);
    for (size_t i = 0; i < runner->lane_count; i++)
        alert_lane_free(runner->lanes[i]);
    free(runner->lanes);
    if (runner->news_fd >= 0)
        close(runner->news_fd);
    pthread_cond_destroy(&runner->rested);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
}
