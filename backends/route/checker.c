/*
 * Each server has a watch. When it is due, a round begins: its addresses are probed one after the
 * other, the one that passed last time first, until one passes; if none does, the server failed.
 * The probes of all servers are polled together, so a server that stalls costs nobody else's time.
 * An eventfd among the polled descriptors ends the waiting when the checker is to stop.
 */
#include "checker.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alloc.h"
#include "background.h"
#include "clock.h"
#include "dial.h"
#include "log.h"

enum { PENDING_NAME_MS = 20 };

struct watch {
    struct server *server;
    int64_t due_ms; /* of the next round */
    bool is_under_way;
    struct probe probe;
    struct endpoint endpoints[NAMES_ADDRESSES_MAX]; /* of the round, from next_endpoint on to try */
    size_t count, next_endpoint;
};

struct checker {
    /* set once */
    struct servers *servers;
    int stop_fd;
    struct background *thread;

    /* the thread's own */
    struct watch *watches;
    struct pollfd *polled; /* one a server, and the last for stop_fd */
};

static void
end_round(struct checker *checker, struct watch *watch, const struct endpoint *passed,
          const struct err *err)
{
    watch->is_under_way = false;
    servers_note(checker->servers, watch->server, passed, err);
}

/* Nothing was found out about the server: its state stays, and the next round tries again. */
static void
give_up_round(struct checker *checker, struct watch *watch, const struct err *err)
{
    watch->is_under_way = false;
    log_event(LOG_WARN, "upstream.unchecked", LOG_STR("upstream", checker->servers->upstream),
              LOG_STR("server", watch->server->name), LOG_STR("error", err->text));
}

/* Probes the next address that can be dialled; if none is left, err, from the last one, says why
 * the server failed. */
static void
probe_next(struct checker *checker, struct watch *watch, struct err *err)
{
    while (watch->next_endpoint < watch->count) {
        const struct endpoint *endpoint = &watch->endpoints[watch->next_endpoint++];
        struct deadline deadline = deadline_after(checker->servers->timeout_ms);
        int result = probe_begin(&watch->probe, checker->servers->check, endpoint, deadline, err);
        if (result == 0)
            return;
        if (result == DIAL_CANNOT) {
            give_up_round(checker, watch, err);
            return;
        }
    }
    end_round(checker, watch, NULL, err);
}

/* Moves the address that passed last time, if it is still one, to the front. */
static void
put_proven_first(struct servers *servers, struct watch *watch)
{
    pthread_mutex_lock(&servers->lock);
    bool is_proven = watch->server->is_proven;
    struct endpoint proven = watch->server->proven;
    pthread_mutex_unlock(&servers->lock);
    for (size_t i = 1; is_proven && i < watch->count; i++)
        if (endpoint_equal(&watch->endpoints[i], &proven)) {
            watch->endpoints[i] = watch->endpoints[0];
            watch->endpoints[0] = proven;
            return;
        }
}

static void
begin_round(struct checker *checker, struct watch *watch, int64_t now_ms)
{
    if (name_is_pending(watch->server->address)) {
        watch->due_ms = now_ms + PENDING_NAME_MS;
        return;
    }
    struct err err = {0};
    watch->due_ms = now_ms + checker->servers->interval_ms;
    watch->count = name_endpoints(watch->server->address, 0, watch->endpoints, &err);
    watch->next_endpoint = 0;
    watch->is_under_way = true;
    put_proven_first(checker->servers, watch);
    probe_next(checker, watch, &err);
}

static void
go_on(struct checker *checker, struct watch *watch, short ready)
{
    struct err err = {0};
    switch (probe_go_on(&watch->probe, ready, &err)) {
    case PROBE_UNDER_WAY:
        return;
    case PROBE_FAILED:
        probe_end(&watch->probe);
        probe_next(checker, watch, &err);
        return;
    case PROBE_PASSED:
        probe_end(&watch->probe);
        end_round(checker, watch, &watch->probe.endpoint, NULL);
        return;
    }
}

/* Milliseconds until something is due without any descriptor being ready. */
static int
time_to_wait(const struct checker *checker)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < checker->servers->count; i++) {
        const struct watch *watch = &checker->watches[i];
        int64_t at_ms = watch->is_under_way ? watch->probe.deadline.at_ms : watch->due_ms;
        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    return deadline_left_ms((struct deadline){.at_ms = next_ms});
}

static void
wait_for_probes(struct checker *checker)
{
    size_t count = checker->servers->count;
    for (size_t i = 0; i < count; i++) {
        const struct watch *watch = &checker->watches[i];
        checker->polled[i] =
            (struct pollfd){.fd = watch->is_under_way ? watch->probe.fd : -1, /* -1 is ignored */
                            .events = watch->probe.events};
    }
    checker->polled[count] = (struct pollfd){.fd = checker->stop_fd, .events = POLLIN};
    if (poll(checker->polled, count + 1, time_to_wait(checker)) < 0)
        for (size_t i = 0; i < count; i++)
            checker->polled[i].revents = 0;
}

/* One turn: begin what is due, wait, go on with what is under way. */
static int
take_turn(void *context)
{
    struct checker *checker = context;
    size_t count = checker->servers->count;
    int64_t now_ms = clock_now_ms();
    for (size_t i = 0; i < count; i++)
        if (!checker->watches[i].is_under_way && checker->watches[i].due_ms <= now_ms)
            begin_round(checker, &checker->watches[i], now_ms);

    wait_for_probes(checker);
    for (size_t i = 0; i < count; i++)
        if (checker->watches[i].is_under_way)
            go_on(checker, &checker->watches[i], checker->polled[i].revents);
    return 0;
}

struct checker *
checker_start(struct servers *servers)
{
    struct checker *checker = xcalloc(1, sizeof *checker);
    checker->servers = servers;
    checker->watches = xcalloc(servers->count, sizeof *checker->watches);
    checker->polled = xcalloc(servers->count + 1, sizeof *checker->polled);
    for (size_t i = 0; i < servers->count; i++)
        checker->watches[i].server = &servers->items[i];
    checker->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (checker->stop_fd < 0)
        abort();
    checker->thread = background_start("checks", take_turn, checker);
    return checker;
}

void
checker_stop(struct checker *checker)
{
    if (checker == NULL)
        return;
    eventfd_write(checker->stop_fd, 1); /* poll returns at once from now on */
    background_stop(checker->thread);
    for (size_t i = 0; i < checker->servers->count; i++)
        if (checker->watches[i].is_under_way)
            probe_end(&checker->watches[i].probe);
    close(checker->stop_fd);
    free(checker->watches);
    free(checker->polled);
    free(checker);
}
