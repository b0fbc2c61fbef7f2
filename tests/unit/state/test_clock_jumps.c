/* The wall clock is set while the store holds something: what was decided stays so until its time,
 * by the clock as it is then, and nothing that was written by a clock that was ahead holds for
 * longer than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "screening_steps.h"

static const struct screening_case cases[] = {
    {.name = "set back by an hour: a ban holds until its time, which is an hour longer",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"), RIGHT(-HOUR, .want = "banned"),
               RIGHT(HOUR - 1, .want = "banned"), RIGHT(HOUR)}},
    {.name = "... and one by hand can be ended",
     .steps = {{BAN, 0, .client = "192.0.2.1/32", .for_ms = DAY},
               RIGHT(-HOUR, .want = "banned"),
               {UNBAN, -HOUR, .client = "192.0.2.1/32"},
               RIGHT(-HOUR)}},
    {.name = "... failures are forgotten, not held against him until they were",
     .steps = {WRONG(0, .times = 2), WRONG(-HOUR, .times = 2),
               WRONG(-HOUR, .want = "on ban 3600")}},
    {.name = "set back by less than the time in which they count: they do",
     .steps = {WRONG(0, .times = 2), WRONG(-5 * MINUTE, .want = "on ban 3600")}},
    {.name = "set back while a password is looked at: its failure counts once",
     .steps = {{BEGIN, 0, .slot = 1},
               {FINISH, -HOUR, VERIFY_WRONG_PASSWORD, .slot = 1},
               WRONG(-HOUR),
               WRONG(-HOUR, .want = "on ban 3600")}},
    {.name = "... and a place that was never given back holds nobody up",
     .failures = 1,
     .steps = {{BEGIN, 0, .slot = 1}, RIGHT(-HOUR)}},
    {.name = "set back by an hour: a window is closed, and the next login opens one",
     .steps = {RIGHT(0, .has_window = true, .want = "on window"),
               {RECALL, 1, .want = "window bob@a.example"},
               {RECALL, -HOUR, .want = "nothing"},
               RIGHT(-HOUR, .has_window = true, .want = "on window"),
               {RECALL, 1 - HOUR, .want = "window bob@a.example"}}},
    {.name = "set back by an hour: nobody is throttled for what he did later",
     .logins_per_user = {2, MINUTE},
     .steps = {RIGHT(0, .times = 2), RIGHT(1, .want = "throttled logins_per_user"),
               RIGHT(-HOUR, .times = 2), RIGHT(1 - HOUR, .want = "throttled logins_per_user")}},
    {.name = "set forward by an hour: a ban that is longer holds on",
     .steps = {{BAN, 0, .client = "192.0.2.1/32", .for_ms = 2 * HOUR},
               RIGHT(HOUR, .want = "banned"),
               RIGHT(2 * HOUR)}},
    {.name = "... a window is closed",
     .steps = {RIGHT(0, .has_window = true, .want = "on window"),
               {RECALL, HOUR, .want = "nothing"}}},
    {.name = "... and back again: what was decided meanwhile holds no longer than it would have",
     .failures = 1,
     .steps = {WRONG(HOUR, .want = "on ban 3600"), RIGHT(0, .want = "banned"),
               RIGHT(2 * HOUR - 1, .want = "banned"), RIGHT(2 * HOUR)}},
};

static void
test_clock_jumps(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_clock_jumps)};
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
