#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "steps.h"

enum { STEPS_MAX = 8, AGE = 900 * SECOND };

enum deed {
    END = 0,
    LOG_IN,
    LOOK, /* the user is who is to be found; NULL: nobody */
};

static void
open_window(struct state *state, const struct netaddr *client, const char *name, const char *login,
            int64_t now_ms)
{
    struct window_user user = {.matching_sender = false};
    snprintf(user.name, sizeof user.name, "%s", name);
    snprintf(user.login, sizeof user.login, "%s", login);
    state_open_window(state, client, &user, now_ms);
}

static const struct {
    const char *name;
    int64_t age_ms; /* 0: AGE */
    struct {
        enum deed deed;
        const char *client;
        int64_t at_ms;
        const char *user;
    } steps[STEPS_MAX];
} cases[] = {
    {.name = "without a login there is no window", .steps = {{LOOK, "192.0.2.1", 0, NULL}}},
    {.name = "a window is open from the login until its age is up",
     .steps = {{LOG_IN, "192.0.2.1", 7, "anna@acme.example"},
               {LOOK, "192.0.2.1", 7, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 6, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 7, NULL}}},
    {.name = "each listener holds its own age against the same login",
     .age_ms = SECOND,
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", SECOND - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", SECOND, NULL}}},
    {.name = "another address has no window",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.2", 1, NULL},
               {LOOK, "2001:db8::1", 1, NULL}}},
    {.name = "an IPv6 window is the address's, not its network's",
     .steps = {{LOG_IN, "2001:db8::1", 0, "anna@acme.example"},
               {LOOK, "2001:db8::1", 1, "anna@acme.example"},
               {LOOK, "2001:db8::2", 1, NULL}}},
    {.name = "an IPv4 address in IPv6 is the IPv4 address",
     .steps = {{LOG_IN, "::ffff:192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", 1, "anna@acme.example"},
               {LOOK, "::ffff:192.0.2.1", 1, "anna@acme.example"}}},
    {.name = "the last login of an address wins",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna.with-a-long-name@acme.example"},
               {LOG_IN, "192.0.2.1", 5, "bo@b.example"},
               {LOOK, "192.0.2.1", 6, "bo@b.example"}}},
    {.name = "a login again begins the window anew",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOG_IN, "192.0.2.1", AGE - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE + 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", 2 * AGE - 1, NULL}}},
    {.name = "looking does not make a window last longer",
     .steps = {{LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE - 1, "anna@acme.example"},
               {LOOK, "192.0.2.1", AGE, NULL}}},
    {.name = "a client without an address has no window",
     .steps = {{LOG_IN, NULL, 0, "anna@acme.example"},
               {LOOK, NULL, 0, NULL},
               {LOG_IN, "192.0.2.1", 0, "anna@acme.example"},
               {LOOK, NULL, 0, NULL}}},
    {.name = "an empty name is nobody: it would be an authenticated user without a name",
     .steps = {{LOG_IN, "192.0.2.1", 0, ""}, {LOOK, "192.0.2.1", 0, NULL}}},
};

static void
test_windows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct state *state = state_create();
        int64_t age_ms = cases[i].age_ms != 0 ? cases[i].age_ms : AGE;
        for (size_t j = 0; j < STEPS_MAX && cases[i].steps[j].deed != END; j++) {
            struct netaddr client = client_of(cases[i].steps[j].client);
            const char *user = cases[i].steps[j].user;
            int64_t at_ms = cases[i].steps[j].at_ms;
            if (cases[i].steps[j].deed == LOG_IN) {
                open_window(state, &client, user, "login@acme.example", at_ms);
                continue;
            }
            struct window_user found = {.name = "?"};
            bool is_open = state_find_window(state, &client, age_ms, at_ms, &found);
            if (is_open != (user != NULL) || (user != NULL && strcmp(found.name, user) != 0))
                fail_msg("%s: step %zu found %s", cases[i].name, j + 1,
                         is_open ? found.name : "nobody");
        }
        state_free(state);
    }
}

/* The longest name there is fits; a longer one opens nothing. */
static void
test_long_names(void **unused)
{
    (void)unused;
    char name[USERNAME_MAX + 1];
    struct window_user found;
    memset(name, 'u', sizeof name);
    name[USERNAME_MAX] = '\0';
    struct state *state = state_create();
    struct netaddr client = client_of("192.0.2.1");
    open_window(state, &client, name, name, 0);
    assert_true(state_find_window(state, &client, AGE, 0, &found));
    assert_string_equal(found.name, name);
    assert_string_equal(found.login, name);
    state_free(state);
}

static void
test_a_window_has_both_names_of_its_user(void **unused)
{
    (void)unused;
    struct state *state = state_create();
    struct netaddr client = client_of("192.0.2.1");
    struct window_user found;
    open_window(state, &client, "anna", "", 0);
    assert_false(state_find_window(state, &client, AGE, 0, &found));
    open_window(state, &client, "anna", "anna.b@acme.example", 0);
    assert_true(state_find_window(state, &client, AGE, 0, &found));
    assert_string_equal(found.name, "anna");
    assert_string_equal(found.login, "anna.b@acme.example");
    state_free(state);
}

static void
test_a_window_says_what_its_user_may_send_as(void **unused)
{
    (void)unused;
    struct state *state = state_create();
    struct netaddr client = client_of("192.0.2.1");
    struct window_user anna = {
        .name = "anna", .login = "anna@acme.example", .matching_sender = true};
    struct window_user found = {.matching_sender = false};
    state_open_window(state, &client, &anna, 0);
    assert_true(state_find_window(state, &client, AGE, 0, &found));
    assert_true(found.matching_sender);
    /* who logs in next from there says it anew */
    anna.matching_sender = false;
    state_open_window(state, &client, &anna, 1);
    assert_true(state_find_window(state, &client, AGE, 1, &found));
    assert_false(found.matching_sender);
    state_free(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_a_window_has_both_names_of_its_user),
        cmocka_unit_test(test_a_window_says_what_its_user_may_send_as),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
