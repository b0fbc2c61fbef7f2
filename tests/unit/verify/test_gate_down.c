/* A server that fails is down for a moment, until one who tries finds it well. */
#include "gate_sessions.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failure_sends_the_whole_line_away),
        cmocka_unit_test(test_one_tries_while_the_others_are_turned_away),
        cmocka_unit_test(test_a_probe_that_fails_shuts_the_gate_again),
        cmocka_unit_test(test_a_probe_without_evidence_lets_the_next_one_try),
        cmocka_unit_test(test_good_news_from_inside_opens_the_gate),
        cmocka_unit_test(test_an_old_failure_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
