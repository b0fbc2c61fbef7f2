#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "gate.h"

enum { LONG_MS = 60000, HOURS_MS = 36000000, DOWN_MS = 250, SESSIONS = 16, ROUNDS = 200 };

static const char turned_away[] = "failed a moment ago and is not asked again yet";

static bool
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

static void *
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

static void
session_start(struct session *session)
{
    assert_int_equal(pthread_create(&session->thread, NULL, session_run, session), 0);
}

/* Waits until so many sessions stand in line. */
static void
wait_for_line(struct gate *gate, unsigned waiting)
{
    int64_t give_up_ms = clock_now_ms() + LONG_MS;
    while (gate_waiting(gate) != waiting) {
        assert_true(clock_now_ms() < give_up_ms);
        sched_yield();
    }
}

static void
test_only_so_many_are_inside(void **state)
{
    (void)state;
    struct gate *gate = gate_create(2, LONG_MS);
    struct gate_pass first, second, third;
    struct err err;
    assert_true(enters(gate, LONG_MS, &first, &err));
    assert_true(enters(gate, LONG_MS, &second, &err));
    assert_false(enters(gate, 5, &third, &err));
    assert_non_null(strstr(err.text, "all 2 connections stayed in use"));
    gate_leave(gate, &first, GATE_NO_EVIDENCE);
    assert_true(enters(gate, 0, &third, &err));
    gate_leave(gate, &second, GATE_WORKED);
    gate_leave(gate, &third, GATE_WORKED);
    gate_free(gate);
}

static void
test_the_line_is_served_in_order(void **state)
{
    (void)state;
    enum { WAITING = 5 };
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass pass;
    struct err err;
    atomic_uint served = 0;
    struct session sessions[WAITING] = {{0}};
    assert_true(enters(gate, LONG_MS, &pass, &err));
    for (unsigned i = 0; i < WAITING; i++) {
        sessions[i] = (struct session){.gate = gate, .budget_ms = LONG_MS, .served = &served};
        session_start(&sessions[i]);
        wait_for_line(gate, i + 1);
    }
    gate_leave(gate, &pass, GATE_WORKED);
    for (unsigned i = 0; i < WAITING; i++) {
        pthread_join(sessions[i].thread, NULL);
        assert_true(sessions[i].entered);
        assert_int_equal(sessions[i].place, i);
    }
    gate_free(gate);
}

static void
test_whoever_gives_up_leaves_the_line_to_the_others(void **state)
{
    (void)state;
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass pass;
    struct err err;
    atomic_uint served = 0;
    struct session hurried = {.gate = gate, .budget_ms = 20, .served = &served};
    struct session patient = {.gate = gate, .budget_ms = LONG_MS, .served = &served};
    assert_true(enters(gate, LONG_MS, &pass, &err));
    session_start(&hurried);
    session_start(&patient);
    pthread_join(hurried.thread, NULL);
    assert_false(hurried.entered);
    wait_for_line(gate, 1);
    gate_leave(gate, &pass, GATE_WORKED);
    pthread_join(patient.thread, NULL);
    assert_true(patient.entered);
    gate_free(gate);
}

static void
test_a_failure_sends_the_whole_line_away(void **state)
{
    (void)state;
    enum { WAITING = 3 };
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass pass;
    struct err err;
    atomic_uint served = 0;
    struct session sessions[WAITING];
    assert_true(enters(gate, LONG_MS, &pass, &err));
    for (unsigned i = 0; i < WAITING; i++) {
        sessions[i] = (struct session){.gate = gate, .budget_ms = LONG_MS, .served = &served};
        session_start(&sessions[i]);
    }
    wait_for_line(gate, WAITING);
    assert_true(gate_leave(gate, &pass, GATE_FAILED));
    for (unsigned i = 0; i < WAITING; i++) {
        pthread_join(sessions[i].thread, NULL);
        assert_false(sessions[i].entered);
        assert_string_equal(sessions[i].err.text, turned_away);
    }
    assert_true(gate_is_down(gate));
    assert_false(enters(gate, LONG_MS, &pass, &err));
    assert_string_equal(err.text, turned_away);
    gate_free(gate);
}

/* A gate that has just gone down and whose time of turning everybody away is over. */
static struct gate *
half_open_gate(void)
{
    struct gate *gate = gate_create(8, DOWN_MS);
    struct gate_pass pass;
    struct err err;
    assert_true(enters(gate, LONG_MS, &pass, &err));
    assert_true(gate_leave(gate, &pass, GATE_FAILED));
    assert_true(gate_is_down(gate));
    int64_t give_up_ms = clock_now_ms() + LONG_MS;
    while (gate_is_down(gate)) {
        assert_true(clock_now_ms() < give_up_ms);
        sched_yield();
    }
    return gate;
}

static void
test_one_tries_while_the_others_are_turned_away(void **state)
{
    (void)state;
    struct gate *gate = half_open_gate();
    struct gate_pass probe, other;
    struct err err;
    assert_true(enters(gate, LONG_MS, &probe, &err));
    assert_true(probe.is_probe);
    assert_true(gate_is_down(gate));
    assert_false(enters(gate, LONG_MS, &other, &err));
    assert_string_equal(err.text, turned_away);
    assert_true(gate_leave(gate, &probe, GATE_WORKED));
    assert_false(gate_is_down(gate));
    assert_true(enters(gate, LONG_MS, &other, &err));
    assert_false(other.is_probe);
    assert_false(gate_leave(gate, &other, GATE_WORKED));
    gate_free(gate);
}

static void
test_a_probe_that_fails_shuts_the_gate_again(void **state)
{
    (void)state;
    struct gate *gate = half_open_gate();
    struct gate_pass probe;
    struct err err;
    assert_true(enters(gate, LONG_MS, &probe, &err));
    assert_false(gate_leave(gate, &probe, GATE_FAILED));
    assert_true(gate_is_down(gate));
    gate_free(gate);
}

static void
test_a_probe_without_evidence_lets_the_next_one_try(void **state)
{
    (void)state;
    struct gate *gate = half_open_gate();
    struct gate_pass probe;
    struct err err;
    assert_true(enters(gate, LONG_MS, &probe, &err));
    assert_false(gate_leave(gate, &probe, GATE_NO_EVIDENCE));
    assert_true(enters(gate, LONG_MS, &probe, &err));
    assert_true(probe.is_probe);
    assert_true(gate_leave(gate, &probe, GATE_WORKED));
    gate_free(gate);
}

static void
test_good_news_from_inside_opens_the_gate(void **state)
{
    (void)state;
    struct gate *gate = half_open_gate();
    struct gate_pass probe, other;
    struct err err;
    assert_true(enters(gate, LONG_MS, &probe, &err));
    assert_true(gate_report(gate, &probe, GATE_WORKED));
    assert_true(enters(gate, LONG_MS, &other, &err));
    assert_false(gate_leave(gate, &probe, GATE_NO_EVIDENCE));
    assert_false(gate_leave(gate, &other, GATE_NO_EVIDENCE));
    gate_free(gate);
}

static void
test_an_old_failure_is_no_news(void **state)
{
    (void)state;
    struct gate *gate = gate_create(8, LONG_MS);
    struct gate_pass old, recent;
    struct err err;
    assert_true(enters(gate, LONG_MS, &old, &err));
    int64_t entered_ms = clock_now_ms();
    while (clock_now_ms() < entered_ms + 2)
        sched_yield();
    assert_true(enters(gate, LONG_MS, &recent, &err));
    assert_false(gate_leave(gate, &recent, GATE_WORKED));
    assert_false(gate_leave(gate, &old, GATE_FAILED));
    assert_false(gate_is_down(gate));
    gate_free(gate);
}

static const char hopeless[] =
    "all 1 connections stayed in use, and those in line before use up the time";

/* Waits until the session that is inside has been there for so long. */
static void
wait_for_age(const struct gate_pass *pass, int64_t age_ms)
{
    while (clock_now_ms() < pass->entered_ms + age_ms)
        sched_yield();
}

static void
test_whoever_has_no_hope_is_turned_away_at_once(void **state)
{
    (void)state;
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass stuck, other;
    struct err err;
    assert_true(enters(gate, LONG_MS, &stuck, &err));
    wait_for_age(&stuck, 200);
    /* the one inside is expected to stay for as long again */
    assert_false(enters(gate, 100, &other, &err));
    assert_string_equal(err.text, hopeless);

    /* what was learned stays, when the place is free again and taken by another one */
    gate_leave(gate, &stuck, GATE_WORKED);
    assert_true(enters(gate, 0, &stuck, &err));
    assert_false(enters(gate, 100, &other, &err));
    assert_string_equal(err.text, hopeless);
    gate_leave(gate, &stuck, GATE_WORKED);
    gate_free(gate);
}

/* Whether somebody with little time has hope of a server that has just come back. On a machine that
 * has no time for this thread he may not, but never if it counts how long failing took. */
static bool
has_hope_of_a_server_that_came_back(void)
{
    struct gate *gate = gate_create(1, 0);
    struct gate_pass pass, other;
    struct err err;
    assert_true(enters(gate, LONG_MS, &pass, &err));
    wait_for_age(&pass, 200);
    gate_leave(gate, &pass, GATE_FAILED);
    assert_true(enters(gate, LONG_MS, &pass, &err));
    assert_true(gate_report(gate, &pass, GATE_WORKED));
    assert_false(enters(gate, 90, &other, &err));
    bool has_hope = strcmp(err.text, hopeless) != 0;
    gate_leave(gate, &pass, GATE_NO_EVIDENCE);
    gate_free(gate);
    return has_hope;
}

static void
test_how_long_failing_took_is_forgotten(void **state)
{
    (void)state;
    int64_t give_up_ms = clock_now_ms() + LONG_MS;
    while (!has_hope_of_a_server_that_came_back())
        assert_true(clock_now_ms() < give_up_ms);
}

/* Whether somebody has hope of a place that was just handed over by one who had it for long, where
 * most do not; on a machine without time he may not have. */
static bool
has_hope_of_a_place_that_was_handed_over(void)
{
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass pass;
    struct err err;
    atomic_uint served = 0;
    atomic_bool stays = true;
    struct session next = {.gate = gate, .budget_ms = HOURS_MS, .served = &served, .stays = &stays};
    for (int i = 0; i < 100; i++) {
        assert_true(enters(gate, 0, &pass, &err));
        gate_leave(gate, &pass, GATE_WORKED);
    }
    assert_true(enters(gate, 0, &pass, &err));
    session_start(&next);
    wait_for_line(gate, 1);
    wait_for_age(&pass, 200);
    gate_leave(gate, &pass, GATE_WORKED);
    assert_false(enters(gate, 90, &pass, &err));
    bool has_hope = strcmp(err.text, hopeless) != 0;
    atomic_store(&stays, false);
    pthread_join(next.thread, NULL);
    assert_true(next.entered);
    gate_free(gate);
    return has_hope;
}

static void
test_a_stay_begins_when_the_place_is_handed_over(void **state)
{
    (void)state;
    int64_t give_up_ms = clock_now_ms() + LONG_MS;
    while (!has_hope_of_a_place_that_was_handed_over())
        assert_true(clock_now_ms() < give_up_ms);
}

/* While nobody leaves, those at the end lose hope first. */
static void
test_the_line_gets_shorter_while_nobody_leaves(void **state)
{
    (void)state;
    enum { WAITING = 40, BUDGET_MS = 8000, FEW = WAITING / 2 };
    struct gate *gate = gate_create(1, LONG_MS);
    struct gate_pass pass;
    struct err err;
    atomic_uint served = 0;
    struct session sessions[WAITING];
    assert_true(enters(gate, LONG_MS, &pass, &err));
    for (unsigned i = 0; i < WAITING; i++) {
        sessions[i] = (struct session){.gate = gate, .budget_ms = BUDGET_MS, .served = &served};
        session_start(&sessions[i]);
        if (i == 0)
            wait_for_line(gate, 1);
    }
    while (atomic_load(&served) < WAITING - FEW)
        sched_yield();
    gate_leave(gate, &pass, GATE_WORKED);
    unsigned entered = 0, lost_hope = 0;
    for (unsigned i = 0; i < WAITING; i++) {
        pthread_join(sessions[i].thread, NULL);
        entered += sessions[i].entered;
        lost_hope += strcmp(sessions[i].err.text, hopeless) == 0;
    }
    assert_true(sessions[0].entered);
    assert_true(lost_hope >= WAITING - FEW);
    assert_true(entered <= FEW);
    assert_int_equal(entered + lost_hope, WAITING);
    gate_free(gate);
}

/* What one tenant's dead server may take of the threads that all share. */
static void
test_a_stalled_server_holds_a_thousand_of_four_thousand(void **state)
{
    (void)state;
    enum { ASKERS = 4000, LIMIT = 4 };
    struct gate *stalled = gate_create(LIMIT, LONG_MS), *well = gate_create(LIMIT, LONG_MS);
    struct gate_pass inside[LIMIT], other;
    struct err err;
    atomic_uint served = 0;
    struct session *sessions = calloc(GATE_LINE_MAX, sizeof *sessions);
    for (unsigned i = 0; i < LIMIT; i++)
        assert_true(enters(stalled, HOURS_MS, &inside[i], &err));
    for (unsigned i = 0; i < GATE_LINE_MAX; i++) {
        sessions[i] = (struct session){.gate = stalled, .budget_ms = HOURS_MS, .served = &served};
        session_start(&sessions[i]);
    }
    wait_for_line(stalled, GATE_LINE_MAX);
    for (unsigned i = GATE_LINE_MAX + LIMIT; i < ASKERS; i++) {
        assert_false(enters(stalled, HOURS_MS, &other, &err));
        assert_non_null(strstr(err.text, "those in line before use up the time"));
        assert_true(enters(well, 0, &other, &err));
        gate_leave(well, &other, GATE_WORKED);
    }
    assert_int_equal(gate_waiting(stalled), GATE_LINE_MAX);
    assert_int_equal(gate_inside(stalled), LIMIT);
    for (unsigned i = 0; i < LIMIT; i++)
        gate_leave(stalled, &inside[i], GATE_WORKED);
    for (unsigned i = 0; i < GATE_LINE_MAX; i++) {
        pthread_join(sessions[i].thread, NULL);
        assert_true(sessions[i].entered);
    }
    assert_int_equal(gate_inside(stalled), 0);
    free(sessions);
    gate_free(stalled);
    gate_free(well);
}

struct crowd {
    struct gate *gate;
    atomic_int inside, most_inside, entered, turned_away;
};

static void *
crowd_run(void *context)
{
    struct crowd *crowd = context;
    for (int round = 0; round < ROUNDS; round++) {
        struct gate_pass pass;
        struct err err;
        if (!enters(crowd->gate, round % 7 == 0 ? 1 : LONG_MS, &pass, &err)) {
            atomic_fetch_add(&crowd->turned_away, 1);
            continue;
        }
        int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
        int most = atomic_load(&crowd->most_inside);
        while (inside > most && !atomic_compare_exchange_weak(&crowd->most_inside, &most, inside))
            continue;
        atomic_fetch_add(&crowd->entered, 1);
        sched_yield();
        atomic_fetch_sub(&crowd->inside, 1);
        gate_leave(crowd->gate, &pass,
                   round % 31 == 0  ? GATE_FAILED
                   : round % 3 == 0 ? GATE_NO_EVIDENCE
                                    : GATE_WORKED);
    }
    return NULL;
}

static void
test_a_crowd_never_gets_past_the_limit_and_never_hangs(void **state)
{
    (void)state;
    struct crowd crowd = {.gate = gate_create(3, 1)};
    pthread_t threads[SESSIONS];
    for (int i = 0; i < SESSIONS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd), 0);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.entered + crowd.turned_away, SESSIONS * ROUNDS);
    assert_true(crowd.entered > 0);
    assert_true(crowd.most_inside <= 3);
    gate_free(crowd.gate);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_so_many_are_inside),
        cmocka_unit_test(test_the_line_is_served_in_order),
        cmocka_unit_test(test_whoever_gives_up_leaves_the_line_to_the_others),
        cmocka_unit_test(test_a_failure_sends_the_whole_line_away),
        cmocka_unit_test(test_one_tries_while_the_others_are_turned_away),
        cmocka_unit_test(test_a_probe_that_fails_shuts_the_gate_again),
        cmocka_unit_test(test_a_probe_without_evidence_lets_the_next_one_try),
        cmocka_unit_test(test_good_news_from_inside_opens_the_gate),
        cmocka_unit_test(test_an_old_failure_is_no_news),
        cmocka_unit_test(test_whoever_has_no_hope_is_turned_away_at_once),
        cmocka_unit_test(test_how_long_failing_took_is_forgotten),
        cmocka_unit_test(test_a_stay_begins_when_the_place_is_handed_over),
        cmocka_unit_test(test_the_line_gets_shorter_while_nobody_leaves),
        cmocka_unit_test(test_a_stalled_server_holds_a_thousand_of_four_thousand),
        cmocka_unit_test(test_a_crowd_never_gets_past_the_limit_and_never_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
