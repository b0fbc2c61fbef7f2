/* Whoever cannot get in within his time is told at once, by how long the others have stayed. */
#include <string.h>

#include "gate_sessions.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whoever_has_no_hope_is_turned_away_at_once),
        cmocka_unit_test(test_how_long_failing_took_is_forgotten),
        cmocka_unit_test(test_a_stay_begins_when_the_place_is_handed_over),
        cmocka_unit_test(test_the_line_gets_shorter_while_nobody_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
