#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ldap_diagnosis.h"

#define AD(code) "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, " code

static void
test_is_outage(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool want;
    } cases[] = {
        {"no text", NULL, false},
        {"an empty text", "", false},
        {"another directory's text", "NDS error: failed authentication (-669)", false},
        {"a wrong password", AD("data 52e, v4563"), false},
        {"no such user", AD("data 525, v4563"), false},
        {"a locked account", AD("data 775, v4563"), false},
        {"a password that must be changed", AD("data 773, v4563"), false},
        {"capitals", AD("data 52E, v4563"), false},
        {"no domain controller", AD("data 51f, v4563"), true},
        {"a broken trust", AD("data 6fd, v4563"), true},
        {"no reason", AD("data 0, v4563"), true},
        {"a longer number", AD("data 52e1, v4563"), true},
        {"no number", AD("data "), true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(ldap_diagnosis_is_outage(cases[i].text), cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_outage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
