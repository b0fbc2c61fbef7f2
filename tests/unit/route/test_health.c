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

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rise_and_fall)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
