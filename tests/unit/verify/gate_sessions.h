/*
 * gate_sessions: sessions on threads of their own that stand in line at a gate.
 */
#ifndef MAILREEVE_TEST_GATE_SESSIONS_H
#define MAILREEVE_TEST_GATE_SESSIONS_H

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "gate.h"

enum { LONG_MS = 60000, HOURS_MS = 36000000, DOWN_MS = 250, SESSIONS = 16, ROUNDS = 200 };

static const char turned_away[] = "failed a moment ago and is not asked again yet";

static inline bool
enters(struct gate *gate, int64_t budget_ms, struct gate_pass *pass, struct err *err)
{
    return gate_enter(gate, deadline_after(budget_ms), pass, err) == 0;
}

/* A session on a thread of its own that enters and leaves at once. */
struct session {
    pthread_t thread;
    struct gate *gate;
    int64_t budget_ms;
    bool entered;
    struct err err;
    unsigned place; /* in the order of leaving */
    atomic_uint *served;
    atomic_bool *stays; /* while that is true; NULL: leaves at once */
};

static inline void *
session_run(void *context)
{
    struct session *session = context;
    struct gate_pass pass;
    session->entered = enters(session->gate, session->budget_ms, &pass, &session->err);
    session->place = atomic_fetch_add(session->served, 1);
    while (session->stays != NULL && atomic_load(session->stays))
        sched_yield();
    if (session->entered)
        gate_leave(session->gate, &pass, GATE_WORKED);
    return NULL;
}

static inline void
session_start(struct session *session)
{
    assert_int_equal(pthread_create(&session->thread, NULL, session_run, session), 0);
}

/* Waits until so many sessions stand in line. */
static inline void
wait_for_line(struct gate *gate, unsigned waiting)
{
    int64_t give_up_ms = clock_now_ms() + LONG_MS;
    while (gate_waiting(gate) != waiting) {
        assert_true(clock_now_ms() < give_up_ms);
        sched_yield();
    }
}

#endif
