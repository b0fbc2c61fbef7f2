/*
 * Each address has the time of its next check. A turn begins the checks that are due, polls all
 * that are under way together, so that a server that stalls costs nobody else's time, and goes on
 * with those that are ready. An eventfd among the polled descriptors ends the waiting when the
 * checker is to stop.
 */
#include "checker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alloc.h"
#include "background.h"
#include "clock.h"
#include "dial.h"
#include "log.h"
#include "members.h"
#include "news.h"

enum {
    PENDING_MS = 20,  /* between two looks at the names while an answer is still to come */
    REFRESH_MS = 500, /* after that; they are asked again by their own TTL */
};

/* One check that is under way. */
struct round {
    struct member *member;
    struct address *address;
};

struct checker {
    /* set once */
    struct servers *servers;
    int stop_fd;
    struct background *thread;

    atomic_bool has_begun;

    /* the thread's own */
    int64_t refresh_ms; /* of the next look at the names */
    struct round *rounds;
    struct pollfd *polled; /* one a round, and the last for stop_fd */
    size_t count, room;    /* of rounds */
};

static void
plan_next(const struct servers *servers, struct address *address, int64_t now_ms)
{
    address->due_ms =
        health_next_ms(&address->health, address->due_ms, now_ms, servers->interval_ms);
}

static void
end_round(struct checker *checker, const struct round *round, const struct err *failure)
{
    const int64_t now_ms = clock_now_ms();
    round->address->is_under_way = false;
    news_checked(checker->servers, round->member, round->address, failure, now_ms);
    plan_next(checker->servers, round->address, now_ms);
}

/* Nothing was found out about the server: its state stays, and the next round tries again. */
static void
give_up_round(struct checker *checker, const struct round *round, const struct err *err)
{
    log_event(LOG_WARN, "upstream.unchecked", LOG_STR("upstream", checker->servers->upstream),
              LOG_STR("server", round->member->name), LOG_STR("error", err->text));
    plan_next(checker->servers, round->address, clock_now_ms());
}

static void
begin_round(struct checker *checker, const struct round *round, int64_t now_ms)
{
    const struct servers *servers = checker->servers;
    struct address *address = round->address;
    struct err err = {0};
    address->due_ms = now_ms; /* and from here on when it began */
    int result = probe_begin(&address->probe, &servers->plan, name_host(round->member->address),
                             &address->checked, deadline_after(servers->timeout_ms), &err);
    address->is_under_way = result == 0;
    if (result == DIAL_CANNOT)
        give_up_round(checker, round, &err);
    else if (result != 0)
        end_round(checker, round, &err);
}

static void
go_on(struct checker *checker, const struct round *round, short ready)
{
    struct err err = {0};
    switch (probe_go_on(&round->address->probe, ready, &err)) {
    case PROBE_UNDER_WAY:
        return;
    case PROBE_FAILED:
        probe_end(&round->address->probe);
        end_round(checker, round, &err);
        return;
    case PROBE_PASSED:
        probe_end(&round->address->probe);
        end_round(checker, round, NULL);
        return;
    }
}

static void
add_round(struct checker *checker, const struct round *round)
{
    if (checker->count == checker->room) {
        checker->room = 2 * checker->room + 1;
        checker->rounds = xrealloc(checker->rounds, checker->room, sizeof *checker->rounds);
        checker->polled = xrealloc(checker->polled, checker->room + 1, sizeof *checker->polled);
    }
    const struct probe *probe = &round->address->probe;
    checker->polled[checker->count] = (struct pollfd){.fd = probe->fd, .events = probe->events};
    checker->rounds[checker->count++] = *round;
}

/* Begins what is due and lists what is under way. Returns when something is due without any
 * descriptor being ready. */
static int64_t
begin_rounds(struct checker *checker, int64_t now_ms)
{
    const struct servers *servers = checker->servers;
    int64_t next_ms = checker->refresh_ms;
    checker->count = 0;
    for (size_t i = 0; i < servers->count && servers->plan.check != CHECK_NONE; i++)
        for (size_t j = 0; j < servers->members[i]->count; j++) {
            const struct round round = {servers->members[i], servers->members[i]->addresses[j]};
            const struct address *address = round.address;
            if (!address->is_under_way && address->due_ms <= now_ms)
                begin_round(checker, &round, now_ms);
            if (address->is_under_way)
                add_round(checker, &round);
            int64_t at_ms = address->is_under_way ? address->probe.deadline.at_ms : address->due_ms;
            if (at_ms < next_ms)
                next_ms = at_ms;
        }
    return next_ms;
}

static void
wait_for_rounds(struct checker *checker, int64_t until_ms)
{
    const size_t count = checker->count;
    checker->polled[count] = (struct pollfd){.fd = checker->stop_fd, .events = POLLIN};
    const int wait_ms = deadline_left_ms((struct deadline){.at_ms = until_ms});
    if (poll(checker->polled, count + 1, wait_ms) < 0)
        for (size_t i = 0; i < count; i++)
            checker->polled[i].revents = 0;
}

/* One turn: follow the names, begin what is due, wait, go on with what is under way. */
static int
take_turn(void *context)
{
    struct checker *checker = context;
    if (!checker->has_begun)
        return INT_MAX;
    const int64_t now_ms = clock_now_ms();
    if (checker->refresh_ms <= now_ms)
        checker->refresh_ms =
            now_ms + (members_refresh(checker->servers) ? PENDING_MS : REFRESH_MS);
    wait_for_rounds(checker, begin_rounds(checker, now_ms));
    for (size_t i = 0; i < checker->count; i++)
        go_on(checker, &checker->rounds[i], checker->polled[i].revents);
    return 0;
}

static void
checker_free(struct checker *checker)
{
    if (checker->stop_fd >= 0)
        close(checker->stop_fd);
    free(checker->rounds);
    free(checker->polled);
    free(checker);
}

struct checker *
checker_create(struct servers *servers, struct err *err)
{
    struct checker *checker = xcalloc(1, sizeof *checker);
    checker->servers = servers;
    checker->polled = xcalloc(1, sizeof *checker->polled);
    checker->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (checker->stop_fd < 0)
        err_set(err, "no descriptor is left: %s", strerror(errno));
    else if ((checker->thread = background_try("checks", take_turn, checker)) == NULL)
        err_set(err, "no thread is left");
    if (checker->thread != NULL)
        return checker;
    checker_free(checker);
    return NULL;
}

void
checker_start(struct checker *checker)
{
    checker->has_begun = true;
    background_wake(checker->thread);
}

void
checker_stop(struct checker *checker)
{
    if (checker == NULL)
        return;
    eventfd_write(checker->stop_fd, 1); /* poll returns at once from now on */
    background_stop(checker->thread);
    checker_free(checker);
}
