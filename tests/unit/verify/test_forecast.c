#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forecast.h"

enum { NOW_US = 1000000, PLACES_MAX = 4 };

static void
test_how_long_somebody_waits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t stay_us; /* on average; 0: nothing is known yet */
        size_t places;
        int64_t ages_us[PLACES_MAX];
        size_t ahead;
        int64_t want_us;
    } cases[] = {
        {"nothing is known: nothing to fear", 0, 2, {0, 0}, 9, 5},
        {"the next one, one place", 600, 1, {0}, 0, 600},
        {"how long it has taken already does not shorten it", 600, 1, {500}, 0, 600},
        {"the third, one place", 600, 1, {0}, 2, 1800},
        {"the next one, three places", 600, 3, {0, 0, 0}, 0, 200},
        {"the tenth, three places", 600, 3, {0, 0, 0}, 9, 2000},
        {"the one inside takes longer than usual: as long again", 600, 1, {5000}, 0, 5000},
        {"all take longer than usual", 600, 4, {8000, 8000, 8000, 8000}, 3, 8000},
        {"nothing is known, and they take long", 0, 2, {8000, 8000}, 0, 4000},
        {"one of two is stuck: the other one does all the work", 600, 2, {600000, 0}, 9, 5994},
        {"a day is not too long", 600, 1, {86400000000}, 999, 86400000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct forecast forecast = {.stay_us = cases[i].stay_us};
        int64_t entered_us[PLACES_MAX];
        print_message("%s\n", cases[i].name);
        for (size_t j = 0; j < PLACES_MAX; j++)
            entered_us[j] = NOW_US - cases[i].ages_us[j];
        int64_t wait_us =
            forecast_wait_us(&forecast, entered_us, cases[i].places, cases[i].ahead, NOW_US);
        assert_in_range(wait_us + 1, cases[i].want_us, cases[i].want_us + 2);
    }
}

static void
test_what_is_learned_from_stays(void **state)
{
    (void)state;
    struct forecast forecast = {0};
    forecast_learn(&forecast, 800);
    assert_int_equal(forecast.stay_us, 800);
    forecast_learn(&forecast, 1600);
    assert_int_equal(forecast.stay_us, 900);
    for (int i = 0; i < 100; i++)
        forecast_learn(&forecast, 50);
    assert_in_range(forecast.stay_us, 50, 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_long_somebody_waits),
        cmocka_unit_test(test_what_is_learned_from_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
