/* Whose rules hold for what a mail server tells the message guard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard_listener.h"

enum { LISTENERS_MAX = 4 };

static const struct {
    const char *name;
    struct {
        const char *name;
        enum auth_availability auth;
    } listeners[LISTENERS_MAX];
    const char *daemon_name, *setting;
    bool is_authenticated;
    const char *want; /* NULL: it cannot be told */
} cases[] = {
    {.name = "the mail server's name for its port is the listener's",
     .listeners = {{"submission", AUTH_ON}, {"mx", AUTH_OFF}},
     .daemon_name = "mx",
     .setting = "submission",
     .is_authenticated = true,
     .want = "mx"},
    {.name = "a name that is no listener's says nothing (Postfix: its host's)",
     .listeners = {{"submission", AUTH_ON}, {"mx", AUTH_OFF}},
     .daemon_name = "mail.acme.example",
     .setting = "submission",
     .want = "submission"},
    {.name = "names of listeners have case",
     .listeners = {{"submission", AUTH_ON}, {"mx", AUTH_OFF}},
     .daemon_name = "Submission",
     .want = "mx"},
    {.name = "the only listener is meant by those who have authenticated",
     .listeners = {{"mx", AUTH_OFF}},
     .is_authenticated = true,
     .want = "mx"},
    {.name = "... and by all others",
     .listeners = {{"submission", AUTH_ENCRYPTED}},
     .want = "submission"},
    {.name = "who has authenticated did so where that is possible",
     .listeners = {{"mx", AUTH_OFF}, {"submission", AUTH_ENCRYPTED}, {"mx2", AUTH_OFF}},
     .is_authenticated = true,
     .want = "submission"},
    {.name = "who has not came in where it is not",
     .listeners = {{"submission", AUTH_ENCRYPTED}, {"mx", AUTH_OFF}, {"smtps", AUTH_ON}},
     .want = "mx"},
    {.name = "of two where he may have authenticated none is meant",
     .listeners = {{"mx", AUTH_OFF}, {"submission", AUTH_ENCRYPTED}, {"smtps", AUTH_ON}},
     .is_authenticated = true},
    {.name = "of two where nobody can, none is",
     .listeners = {{"mx", AUTH_OFF}, {"mx2", AUTH_OFF}, {"submission", AUTH_ON}}},
    {.name = "where nobody can authenticate and somebody has, none is",
     .listeners = {{"mx", AUTH_OFF}, {"mx2", AUTH_OFF}},
     .is_authenticated = true},
    {.name = "the setting decides between two",
     .listeners = {{"submission", AUTH_ENCRYPTED}, {"smtps", AUTH_ON}},
     .setting = "smtps",
     .is_authenticated = true,
     .want = "smtps"},
    {.name = "without a listener there is none"},
};

static void
test_listener(void **state)
{
    static const struct origin here = {.file = "test", .line = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tenancy *tenancy = tenancy_create();
        for (size_t j = 0; j < LISTENERS_MAX && cases[i].listeners[j].name != NULL; j++)
            tenancy_add_listener(tenancy, cases[i].listeners[j].name, here, NULL)->auth =
                cases[i].listeners[j].auth;
        const struct listener *found = guard_listener(tenancy, cases[i].daemon_name,
                                                      cases[i].setting, cases[i].is_authenticated);
        const char *name = found != NULL ? found->name : "none";
        const char *want = cases[i].want != NULL ? cases[i].want : "none";
        if (strcmp(name, want) != 0)
            fail_msg("%s: %s, not %s", cases[i].name, name, want);
        tenancy_free(tenancy);
    }
}

static void
test_advice_fits_a_detail(void **state)
{
    (void)state;
    assert_true(strlen(guard_listener_advice) < RULE_DETAIL_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_advice_fits_a_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
