/* So many are inside, the others stand in line, and nobody hangs. */
#include <stdlib.h>
#include <string.h>

#include "gate_sessions.h"

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
        cmocka_unit_test(test_a_stalled_server_holds_a_thousand_of_four_thousand),
        cmocka_unit_test(test_a_crowd_never_gets_past_the_limit_and_never_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
