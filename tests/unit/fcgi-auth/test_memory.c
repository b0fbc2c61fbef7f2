/* What logins leave behind, and what the next session hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"

static const struct {
    const char *name;
    enum protocol protocol;
    struct account account;
    const char *login;
    bool no_windows;  /* no listener takes notice of them */
    const char *want; /* whose window a session from there finds; NULL: nobody's */
    bool want_matching;
} cases[] = {
    {.name = "a login by IMAP opens a window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "so does one by POP3",
     .protocol = PROTOCOL_POP3,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "one by SMTP does not",
     .protocol = PROTOCOL_SMTP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example"},
    {.name = "nor does a web page's",
     .protocol = PROTOCOL_HTTP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example"},
    {.name = "the window of an account without a domain is the login's",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna"},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "an alias opens the account's own window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "boss@acme.example",
     .want = "anna@acme.example"},
    {.name = "who may use IMAP alone has no window",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .protocols = PROTOCOL_BIT(PROTOCOL_IMAP)},
     .login = "anna@acme.example"},
    {.name = "who may use SMTP as well has",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example",
                 .protocols = PROTOCOL_BIT(PROTOCOL_IMAP) | PROTOCOL_BIT(PROTOCOL_SMTP)},
     .login = "anna@acme.example",
     .want = "anna@acme.example"},
    {.name = "SMG 18: an account that cannot be used for SMTP authentication has none",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .smtp_auth = SMTP_AUTH_NO},
     .login = "anna@acme.example"},
    {.name = "SMG 18: one that may send as itself only is remembered so",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example", .smtp_auth = SMTP_AUTH_MATCHING_SENDER},
     .login = "anna@acme.example",
     .want = "anna@acme.example",
     .want_matching = true},
    {.name = "where no listener has windows nothing is kept",
     .protocol = PROTOCOL_IMAP,
     .account = {.name = "anna@acme.example"},
     .login = "anna@acme.example",
     .no_windows = true},
};

static struct facts
facts_of(enum protocol protocol, enum auth_method method)
{
    struct facts facts = {.protocol = protocol, .method = method, .listener = "submission"};
    assert_int_equal(netaddr_parse("192.0.2.1", &facts.client, NULL), 0);
    return facts;
}

static void
test_windows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct state *state = state_create();
        struct tenancy *tenancy = tenancy_create();
        struct origin origin = {.file = "conf", .line = 1};
        struct listener *listener = tenancy_add_listener(tenancy, "submission", origin, NULL);
        listener->relay_window_ms = 3600000;
        struct site site = {.tenancy = tenancy, .has_relay_windows = true};
        site.has_relay_windows = !cases[i].no_windows;

        struct username user = {.local_length = 0};
        snprintf(user.text, sizeof user.text, "%s", cases[i].login);
        struct facts login = facts_of(cases[i].protocol, METHOD_PLAIN);
        memory_log_in(state, &site, &login, &user, &cases[i].account);

        site.has_relay_windows = true;
        struct facts facts = facts_of(PROTOCOL_SMTP, METHOD_NONE);
        struct window_user window = {.name = ""};
        memory_recall(state, &site, &facts, &window);
        const char *want = cases[i].want;
        if ((facts.window == NULL) != (want == NULL) ||
            (want != NULL && strcmp(facts.window, want) != 0))
            fail_msg("%s: the window of %s", cases[i].name,
                     facts.window != NULL ? facts.window : "nobody");
        if (facts.window_matching_sender != cases[i].want_matching)
            fail_msg("%s: matching sender is %d", cases[i].name, facts.window_matching_sender);

        /* AUTH takes no notice */
        facts = facts_of(PROTOCOL_SMTP, METHOD_PLAIN);
        memory_recall(state, &site, &facts, &window);
        assert_null(facts.window);
        assert_false(facts.window_matching_sender);
        tenancy_free(tenancy);
        state_free(state);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
