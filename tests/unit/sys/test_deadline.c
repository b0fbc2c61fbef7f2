#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "deadline.h"

static void
test_left(void **state)
{
    static const struct {
        const char *name;
        int64_t budget_ms;
        int want_least, want_most;
    } cases[] = {
        {"no budget is over at once", 0, 0, 0},
        {"a time in the past has nothing left, not a negative number for poll", -5000, 0, 0},
        {"an hour has about an hour left", 3600000, 3590000, 3600000},
        {"more than poll can take is cut", INT64_C(9000000000), INT_MAX, INT_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct deadline deadline = deadline_after(cases[i].budget_ms);
        int left_ms = deadline_left_ms(deadline);
        assert_in_range(left_ms, cases[i].want_least, cases[i].want_most);
        assert_int_equal(deadline_is_over(deadline), cases[i].want_most == 0);
    }
}

static void
test_sooner(void **state)
{
    (void)state;
    struct deadline deadline = deadline_after(3600000);
    assert_int_equal(deadline_sooner(deadline, 7200000).at_ms, deadline.at_ms);
    assert_true(deadline_sooner(deadline, 1000).at_ms < deadline.at_ms);
    assert_true(deadline_sooner(deadline, 1000).at_ms > clock_now_ms());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left),
        cmocka_unit_test(test_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
