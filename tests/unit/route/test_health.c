#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "health.h"

/* Checks: '+' passed, '-' failed. What is wanted behind each: 'U' up, 'D' down; a change of state
 * is told where the letter changes, and only there. */
static void
test_rise_and_fall(void **state)
{
    static const struct {
        const char *name;
        unsigned fall, rise;
        const char *checks, *want;
    } cases[] = {
        {"it stays up while checks pass", 3, 2, "++++", "UUUU"},
        {"the first check alone takes it out", 3, 2, "-", "D"},
        {"it takes `rise` to come back from that", 3, 2, "-+-++", "DDDDU"},
        {"`fall` failures in a row take it out", 3, 2, "+---", "UUUD"},
        {"a success in between starts the count anew", 3, 2, "+--+--+---", "UUUUUUUUUD"},
        {"a failure in between starts the count of successes anew", 3, 3, "-++-++-+++",
         "DDDDDDDDDU"},
        {"once is enough if the settings say so", 1, 1, "+-+-", "UDUD"},
        {"it goes down only once", 2, 2, "+-----", "UUDDDD"},
        {"after coming back it takes `fall` again", 3, 2, "-++---", "DDUUUD"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct health health = {0};
        assert_false(health.down);
        for (size_t n = 0; n < strlen(cases[i].checks); n++) {
            bool was_down = health.down, passed = cases[i].checks[n] == '+';
            enum health_change change = health_note(&health, passed, cases[i].fall, cases[i].rise);
            assert_int_equal(health.down ? 'D' : 'U', cases[i].want[n]);
            assert_int_equal(change, health.down == was_down ? HEALTH_SAME
                                     : health.down           ? HEALTH_WENT_DOWN
                                                             : HEALTH_CAME_UP);
        }
    }
}

static void
test_when_the_next_check_is_due(void **state)
{
    static const struct {
        const char *name;
        struct health health;
        int64_t took_ms, want_ms; /* from the beginning of the last check */
    } cases[] = {
        {"one that is up is checked every interval", {true, false, 0}, 10, 5000},
        {"as is one that is down", {true, true, 0}, 10, 5000},
        {"sooner once a check has failed", {true, false, 1}, 10, 2500},
        {"or has passed", {true, true, 1}, 10, 2500},
        {"at once if the check took longer than that", {true, false, 2}, 3000, 3000},
        {"or than the interval", {true, true, 0}, 6000, 6000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(health_next_ms(&cases[i].health, 100000, 100000 + cases[i].took_ms, 5000),
                         100000 + cases[i].want_ms);
    }
}

/* A server that stalls from now on, the last check having just begun and passed; and one that is
 * there again, the last check having just begun and failed. */
static void
test_promises(void **state)
{
    static const struct {
        unsigned fall, rise;
        int64_t interval_ms, timeout_ms; /* at most interval * (fall - 1) / fall */
    } cases[] = {{3, 2, 5000, 3000}, {3, 2, 5000, 3333}, {2, 2, 1000, 500}, {10, 3, 100, 90}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct health health = {.checked = true};
        int64_t now_ms = 0;
        while (!health.down) {
            int64_t began_ms = health.contrary == 0
                                   ? cases[i].interval_ms
                                   : health_next_ms(&health, now_ms - cases[i].timeout_ms, now_ms,
                                                    cases[i].interval_ms);
            now_ms = began_ms + cases[i].timeout_ms;
            health_note(&health, false, cases[i].fall, cases[i].rise);
        }
        assert_in_range(now_ms, 1, cases[i].fall * cases[i].interval_ms);
        for (now_ms = cases[i].interval_ms; health.down;
             now_ms = health_next_ms(&health, now_ms, now_ms, cases[i].interval_ms))
            if (health_note(&health, true, cases[i].fall, cases[i].rise) == HEALTH_CAME_UP)
                break;
        assert_in_range(now_ms, 1, cases[i].rise * cases[i].interval_ms);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rise_and_fall),
                                       cmocka_unit_test(test_when_the_next_check_is_due),
                                       cmocka_unit_test(test_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
