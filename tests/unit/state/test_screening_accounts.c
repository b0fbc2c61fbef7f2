#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screening_steps.h"

#define CLOSED "throttled account_failures"
/* Other networks than the first client's, one failure or two for each. */
#define N2    "198.51.100.2"
#define N3    "198.51.100.3"
#define N4    "198.51.100.4"
#define HOME  "203.0.113.7"
#define ALIAS .login = "bobby@a.example", .account = "bob@a.example"

static const struct screening_case cases[] = {
    {.name = "an account is closed at so many failures, for right and wrong passwords alike",
     .account_failures = 4,
     .steps = {WRONG(0, .times = 2, .client = N2), WRONG(0, .client = N3, .want_account = 3),
               WRONG(0, .client = N3, .want_account = 4), RIGHT(1, .client = N4, .want = CLOSED),
               WRONG(1, .client = N4, .want = CLOSED)}},
    {.name = "one fewer does not close it",
     .account_failures = 4,
     .steps = {WRONG(0, .times = 2, .client = N2), WRONG(0, .client = N3), RIGHT(1, .client = N4)}},
    {.name = "it is open to a network that it has logged in from",
     .account_failures = 4,
     .steps = {RIGHT(0, .client = HOME), WRONG(1, .times = 2, .client = N2),
               WRONG(1, .times = 2, .client = N3), RIGHT(2, .client = N4, .want = CLOSED),
               RIGHT(2, .client = HOME), WRONG(3, .client = HOME), RIGHT(3, .client = HOME)}},
    {.name = "... for ninety days after the last login, which is noted once a day",
     .account_failures = 2,
     .steps = {RIGHT(0, .client = HOME), RIGHT(2 * DAY, .client = HOME),
               WRONG(92 * DAY - HOUR, .times = 2, .client = N2),
               RIGHT(92 * DAY - 1, .client = HOME), WRONG(190 * DAY, .times = 2, .client = N2),
               RIGHT(190 * DAY, .client = HOME, .want = CLOSED)}},
    {.name = "a login that the rules refuse makes no network known",
     .account_failures = 2,
     .steps = {RIGHT(0, .client = HOME, .is_refused = true), WRONG(1, .times = 2, .client = N2),
               RIGHT(2, .client = HOME, .want = CLOSED)}},
    {.name = "a known network is the account's alone",
     .account_failures = 2,
     .steps = {RIGHT(0, .client = HOME, .login = "anna@a.example"),
               WRONG(1, .times = 2, .client = N2), RIGHT(2, .client = HOME, .want = CLOSED)}},
    {.name = "two tenants with the same bare name are two accounts",
     .account_failures = 2,
     .steps = {WRONG(0, .times = 2, .client = N2, .login = "bob", .organization = "acme"),
               RIGHT(1, .client = N3, .login = "bob", .organization = "acme", .want = CLOSED),
               RIGHT(1, .client = N3, .login = "bob", .organization = "other"),
               RIGHT(2, .client = N3, .login = "bob", .organization = "acme", .want = CLOSED)}},
    {.name = "failures are forgotten after a day, not before",
     .account_failures = 2,
     .steps = {WRONG(0, .times = 2, .client = N2), RIGHT(DAY - 1, .client = N3, .want = CLOSED),
               RIGHT(DAY + DAY / 8, .client = N3)}},
    {.name = "the same wrong password counts once for an account, from wherever it comes",
     .account_failures = 2,
     .steps = {WRONG(0, .password = "old", .client = N2, .want_account = 1),
               WRONG(0, .password = "old", .client = N3),
               WRONG(HOUR, .password = "old", .client = N4), RIGHT(HOUR, .client = HOME)}},
    {.name = "... and that its failures count for each network does not take others' off",
     .account_failures = 2,
     .steps = {WRONG(0, .password = "old", .client = N2), WRONG(0, .password = "old", .client = N3),
               RIGHT(0, .client = N3), WRONG(0, .client = N4, .want_account = 2),
               RIGHT(1, .client = HOME, .want = CLOSED)}},
    {.name = "an owner's typing errors go with his login, an attacker's stay",
     .account_failures = 4,
     .steps = {WRONG(0, .times = 2, .client = N2), WRONG(0, .client = HOME),
               RIGHT(0, .client = HOME), WRONG(1, .client = N3, .want_account = 3),
               WRONG(1, .client = N3, .want_account = 4), RIGHT(1, .client = N4, .want = CLOSED)}},
    {.name = "... whichever are forgotten first",
     .account_failures = 5,
     .steps = {WRONG(0, .times = 2, .client = HOME), WRONG(20 * HOUR, .times = 2, .client = N2),
               RIGHT(20 * HOUR, .client = HOME), WRONG(28 * HOUR, .client = N3, .want_account = 3),
               WRONG(28 * HOUR, .client = N3, .want_account = 4)}},
    {.name = "an attacker with another account of the tenant clears nothing",
     .account_failures = 2,
     .steps = {WRONG(0, .client = N2), RIGHT(0, .client = N2, .login = "eve@a.example"),
               WRONG(0, .client = N2, .want_account = 2), RIGHT(1, .client = N3, .want = CLOSED)}},
    {.name = "an unknown name is closed like an account",
     .account_failures = 2,
     .steps = {NOBODY(0, .client = N2, .login = "x@a.example", .want_account = 1),
               NOBODY(0, .client = N2, .login = "x@a.example", .want_account = 2),
               NOBODY(1, .client = N3, .login = "x@a.example", .want = CLOSED)}},
    {.name = "an alias does not get past a closed account, with the right password or a wrong one",
     .account_failures = 2,
     .steps = {WRONG(0, .times = 2, .client = N2),
               RIGHT(1, .client = N3, ALIAS, .want = "on throttled account_failures"),
               WRONG(1, .client = N3, ALIAS, .want = "on throttled account_failures"),
               {TRY, 1, VERIFY_MUST_CHANGE, .client = N3, ALIAS, .want = CLOSED}}},
    {.name = "... a right password costs the network as much as a wrong one",
     .account_failures = 3,
     .steps = {WRONG(0, .times = 2, .client = N2),
               WRONG(0, .client = N4),
               RIGHT(1, .client = N3, ALIAS, .want = "on throttled account_failures"),
               {TRY, 1, VERIFY_DISABLED, .client = N3, ALIAS,
                .want = "on throttled account_failures"},
               RIGHT(1, .client = N3, ALIAS, .want = "on ban 3600 throttled account_failures"),
               RIGHT(1, .client = N3, ALIAS, .want = "banned")}},
    {.name = "... and so does a wrong one",
     .account_failures = 3,
     .steps = {WRONG(0, .times = 2, .client = N2), WRONG(0, .client = N4),
               WRONG(1, .times = 2, .client = N3, ALIAS, .want = "on throttled account_failures"),
               WRONG(1, .client = N3, ALIAS, .want = "on ban 3600 throttled account_failures"),
               WRONG(1, .client = N3, ALIAS, .want = "banned")}},
    {.name = "... the same one again costs nothing, right or wrong, nor does an outage",
     .account_failures = 3,
     .steps = {WRONG(0, .times = 2, .client = N2),
               WRONG(0, .client = N4),
               RIGHT(1, .times = 4, .client = N3, ALIAS, .password = "right",
                     .want = "on throttled account_failures"),
               WRONG(1, .times = 4, .client = N3, ALIAS, .password = "wrong",
                     .want = "on throttled account_failures"),
               {TRY, 1, VERIFY_UNAVAILABLE, .times = 4, .client = N3, ALIAS,
                .want = "on throttled account_failures"},
               WRONG(1, .client = N3, ALIAS, .want = "on ban 3600 throttled account_failures")}},
    {.name = "... from everywhere together they close the alias, and not the account again",
     .account_failures = 3,
     .steps = {WRONG(0, .times = 2, .client = N2), WRONG(0, .client = N4),
               WRONG(DAY - 1, .client = N3, ALIAS, .want = "on throttled account_failures"),
               RIGHT(DAY - 1, .client = HOME, ALIAS, .want = "on throttled account_failures"),
               RIGHT(DAY - 1, .client = "203.0.113.8", ALIAS,
                     .want = "on throttled account_failures"),
               RIGHT(DAY - 1, .client = "203.0.113.9", ALIAS, .want = CLOSED),
               RIGHT(DAY + DAY / 8, .client = "203.0.113.9")}},
    {.name = "failures by an alias close the account",
     .account_failures = 2,
     .steps = {WRONG(0, .client = N2, ALIAS, .want_account = 1),
               WRONG(0, .client = N2, ALIAS, .want_account = 2),
               RIGHT(1, .client = N3, .want = CLOSED),
               RIGHT(1, .client = N3, ALIAS, .want = CLOSED)}},
    {.name =
         "an alias opens no window, makes no network known and lifts nothing while it is closed",
     .account_failures = 2,
     .steps = {WRONG(0, .times = 2, .client = N2),
               RIGHT(1, .client = N3, .has_window = true, ALIAS,
                     .want = "on throttled account_failures"),
               {RECALL, 1, .client = N3, .want = "nothing"},
               RIGHT(1, .client = N3, ALIAS, .want = "on throttled account_failures"),
               RIGHT(1, .client = N3, .want = CLOSED)}},
    {.name = "who is known by an alias is known by the canonical name, and the other way round",
     .account_failures = 2,
     .steps = {RIGHT(0, .client = HOME, ALIAS), RIGHT(0, .client = N4),
               WRONG(1, .times = 2, .client = N2), RIGHT(2, .client = HOME),
               RIGHT(2, .client = HOME, ALIAS), RIGHT(2, .client = N4, ALIAS)}},
    {.name = "who is in `never` gets to a closed account",
     .account_failures = 2,
     .never = HOME,
     .steps = {WRONG(0, .times = 2, .client = N2), RIGHT(1, .client = HOME),
               RIGHT(1, .client = HOME, ALIAS), RIGHT(1, .client = N3, .want = CLOSED)}},
    {.name = "monitor counts and closes nothing",
     .mode = "monitor",
     .failures = 99,
     .account_failures = 2,
     .steps = {WRONG(0, .client = N2, .want_account = 1), WRONG(0, .client = N2, .want_account = 2),
               WRONG(0, .client = N2, .want_account = 3), RIGHT(1, .client = N3),
               RIGHT(1, .client = N4, ALIAS)}},
    {.name = "off counts nothing",
     .mode = "off",
     .account_failures = 1,
     .steps = {WRONG(0, .client = N2, .times = 5), RIGHT(1, .client = N3)}},
    {.name = "accounts are not protected with account_failures 0",
     .failures = -1,
     .steps = {WRONG(0, .times = 60, .client = N2), RIGHT(1, .client = N3)}},
    {.name = "a closed account is not counted further, and opens with time",
     .account_failures = 2,
     .steps = {WRONG(0, .times = 2, .client = N2),
               WRONG(12 * HOUR, .times = 9, .client = N3, .want = CLOSED),
               {RECALL, 12 * HOUR, .client = N3, .want = "nothing"},
               RIGHT(DAY + DAY / 8, .client = N3)}},
};

static void
test_accounts(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

/* What is noted in monitor mode spares the owner when the mode becomes enforce. */
static void
test_known_networks_are_noted_in_monitor_mode(void **unused)
{
    (void)unused;
    const struct screening_case before = {
        .mode = "monitor", .account_failures = 2, .steps = {RIGHT(0, .client = HOME)}};
    const struct screening_case after = {.name = "after monitor",
                                         .account_failures = 2,
                                         .steps = {WRONG(1, .times = 2, .client = N2),
                                                   RIGHT(2, .client = HOME),
                                                   RIGHT(2, .client = N3, .want = CLOSED)}};
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB)};
    const struct screen monitor = screen_of(&before, NULL), enforce = screen_of(&after, NULL);
    bench.rules =
        (struct screening_rules){.screen = &monitor, .limits = &limits, .place_ms = PLACE};
    run_steps(&bench, &before);
    bench.rules.screen = &enforce;
    run_steps(&bench, &after);
    store_close(bench.store);
}

/* Whoever looks after a refused user finds out why in the log. */
static void
test_a_closed_account_says_why(void **unused)
{
    (void)unused;
    const struct screening_case table = {.account_failures = 1};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    const struct step wrong = WRONG(0, .client = N2), right = RIGHT(1, .client = N3);
    char words[WORDS_MAX], rule[256];
    take_step(&bench, &wrong, words);
    take_step(&bench, &right, words);
    rule_format(&bench.slots[0].rule, rule, sizeof rule);
    assert_string_equal(rule, "built-in screen: account_failures: the account had 1 failures "
                              "within 86400 s and is not known from the client's network");
    store_close(bench.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_known_networks_are_noted_in_monitor_mode),
        cmocka_unit_test(test_a_closed_account_says_why),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
