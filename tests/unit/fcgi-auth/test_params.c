#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "params.h"

static void
test_param_find(void **state)
{
    (void)state;
    char first[] = "DOCUMENT_URI=/auth", second[] = "SCRIPT_NAME", third[] = "X=1=2";
    char *params[] = {first, second, third, NULL};
    assert_string_equal(param_find(params, "DOCUMENT_URI"), "/auth");
    assert_string_equal(param_find(params, "X"), "1=2");
    assert_null(param_find(params, "SCRIPT_NAME"));
    assert_null(param_find(params, "DOCUMENT"));
}

static const struct param_name names[] = {
    {"A", "A came twice"},
    {"B", "B came twice"},
    {"C", "C came twice"},
};

static void
test_names_are_found_in_any_order(void **state)
{
    (void)state;
    char first[] = "B=", second[] = "AB=3", third[] = "A=1=2", fourth[] = "C";
    char *params[] = {first, second, third, fourth, NULL}, *values[3];
    assert_null(params_collect(params, names, 3, values));
    assert_ptr_equal(values[0], third + 2);
    assert_string_equal(values[0], "1=2");
    assert_string_equal(values[1], "");
    assert_null(values[2]);
}

static void
test_a_name_that_came_twice_is_told(void **state)
{
    (void)state;
    char first[] = "B=1", second[] = "A=1", third[] = "B=2";
    char *params[] = {first, second, third, NULL}, *values[3];
    assert_string_equal(params_collect(params, names, 3, values), "B came twice");
    assert_string_equal(values[1], "2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_param_find),
        cmocka_unit_test(test_names_are_found_in_any_order),
        cmocka_unit_test(test_a_name_that_came_twice_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
