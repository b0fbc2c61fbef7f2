#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache_endpoints.h"
#include "given_params.h"

static void
test_queries(void **state)
{
    static const struct {
        const char *name, *query;
        int want;
        const char *want_user; /* NULL: all */
    } cases[] = {
        {"no query is about all", NULL, 0, NULL},
        {"an empty one, too", "", 0, NULL},
        {"a name", "user=anna@acme.example", 0, "anna@acme.example"},
        {"escapes are decoded, once", "user=%61nna%2541%40x", 0, "anna%41@x"},
        {"a plus sign is part of a name", "user=a+b@x", 0, "a+b@x"},
        {"an empty name is nobody's", "user=", -1, NULL},
        {"a bad escape", "user=a%4", -1, NULL},
        {"a NUL would cut the name", "user=a%00b", -1, NULL},
        {"a second word", "user=a&user=b", -1, NULL},
        {"another word", "name=a", -1, NULL},
        {"a longer word", "username=a", -1, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *user;
        int result = cache_query_user(cases[i].query, &user);
        if (result != cases[i].want)
            fail_msg("%s: %d", cases[i].name, result);
        expect_text(cases[i].name, "user", user, cases[i].want_user);
        free(user);
    }
}

static void
test_a_name_that_is_too_long(void **state)
{
    (void)state;
    char query[2000] = "user=";
    memset(query + 5, 'u', sizeof query - 6);
    query[sizeof query - 1] = '\0';
    char *user;
    assert_int_equal(cache_query_user(query, &user), -1);
    assert_null(user);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_a_name_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
