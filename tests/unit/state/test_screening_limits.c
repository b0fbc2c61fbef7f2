#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screening_steps.h"

#define OTHER "192.0.2.2"
#define RATE(n, ms)                                             \
    {                                                           \
        .most = (n), .within_ms = (ms), .origin = { "conf", 7 } \
    }
#define MANY_ADDRESSES "on throttled addresses_per_user"

static const struct screening_case cases[] = {
    {.name = "so many logins of an address go on, right and wrong ones alike",
     .logins_per_address = RATE(3, MINUTE),
     .steps = {RIGHT(0), WRONG(0), RIGHT(0), RIGHT(1, .want = "throttled logins_per_address"),
               RIGHT(1, .client = OTHER)}},
    {.name = "what is refused does not count, so the limit is over with its time",
     .logins_per_address = RATE(2, MINUTE),
     .steps = {RIGHT(0, .times = 2),
               RIGHT(30 * SECOND, .times = 9, .want = "throttled logins_per_address"),
               RIGHT(MINUTE - 1, .want = "throttled logins_per_address"),
               RIGHT(MINUTE + MINUTE / 8)}},
    {.name = "an attempt that is refused anyhow does not count",
     .logins_per_address = RATE(1, MINUTE),
     .steps = {RIGHT(0, .only_bans = true, .times = 9), RIGHT(0)}},
    {.name = "the attempts of who is banned do not count",
     .logins_per_user = RATE(1, MINUTE),
     .steps = {{BAN, 0, .client = "192.0.2.1/32"},
               RIGHT(0, .times = 3, .want = "banned"),
               RIGHT(0, .client = OTHER)}},
    {.name = "who is in `never` is not limited by address",
     .logins_per_address = RATE(1, MINUTE),
     .never = "192.0.2.0/24",
     .steps = {RIGHT(0, .times = 9)}},
    {.name = "a client without an address is not limited by address",
     .logins_per_address = RATE(1, MINUTE),
     .steps = {RIGHT(0, .client = "", .times = 9)}},
    {.name = "so many logins of a user go on, from wherever",
     .logins_per_user = RATE(3, MINUTE),
     .steps = {RIGHT(0), RIGHT(0, .client = OTHER), RIGHT(0),
               RIGHT(1, .client = "192.0.2.3", .want = "throttled logins_per_user"),
               RIGHT(1, .login = "anna@a.example")}},
    {.name = "the same bare name of another tenant is another user",
     .logins_per_user = RATE(1, MINUTE),
     .steps = {RIGHT(0, .login = "bob"), RIGHT(0, .login = "bob", .organization = "other"),
               RIGHT(0, .login = "bob", .want = "throttled logins_per_user")}},
    {.name = "the user's limit holds for who is in `never` as well",
     .logins_per_user = RATE(1, MINUTE),
     .never = "192.0.2.0/24",
     .steps = {RIGHT(0), RIGHT(0, .want = "throttled logins_per_user")}},
    {.name = "who is refused by one limit does not count for the other",
     .logins_per_address = RATE(1, MINUTE),
     .logins_per_user = RATE(2, MINUTE),
     .steps = {RIGHT(0), RIGHT(0, .times = 5, .want = "throttled logins_per_address"),
               RIGHT(0, .client = OTHER),
               RIGHT(0, .client = "192.0.2.3", .want = "throttled logins_per_user"),
               RIGHT(0, .client = "192.0.2.3", .login = "anna@a.example")}},
    {.name = "limits hold in mode off and in monitor mode too",
     .mode = "off",
     .logins_per_address = RATE(1, MINUTE),
     .addresses_per_user = RATE(1, HOUR),
     .steps = {RIGHT(0), RIGHT(0, .want = "throttled logins_per_address"),
               RIGHT(0, .client = OTHER, .want = MANY_ADDRESSES)}},
    {.name = "... monitor",
     .mode = "monitor",
     .logins_per_user = RATE(1, MINUTE),
     .steps = {RIGHT(0), RIGHT(0, .want = "throttled logins_per_user")}},
    {.name = "asking for another server counts nothing and holds no place",
     .failures = 1,
     .account_failures = 1,
     .logins_per_address = RATE(1, MINUTE),
     .steps = {{BEGIN, 0, .only_asks = true, .times = 9},
               RIGHT(0),
               {BEGIN, 0, .only_asks = true, .want = "throttled logins_per_address"}}},
    {.name = "a user has so many networks; those that he has go on, a new one does not",
     .addresses_per_user = RATE(2, HOUR),
     .steps = {RIGHT(0), RIGHT(0, .client = OTHER),
               RIGHT(1, .client = "192.0.2.3", .want = MANY_ADDRESSES), RIGHT(2),
               RIGHT(2, .client = OTHER),
               RIGHT(3, .client = "192.0.2.3", .login = "anna@a.example")}},
    {.name = "... until he has not used one for the limit's time",
     .addresses_per_user = RATE(2, HOUR),
     .steps = {RIGHT(0), RIGHT(0, .client = OTHER), RIGHT(30 * MINUTE),
               RIGHT(HOUR - 1, .client = "192.0.2.3", .want = MANY_ADDRESSES),
               RIGHT(HOUR + HOUR / 8, .client = "192.0.2.3"),
               RIGHT(HOUR + HOUR / 8, .client = "192.0.2.4", .want = MANY_ADDRESSES),
               RIGHT(HOUR + HOUR / 8)}},
    {.name = "an alias is no other user",
     .addresses_per_user = RATE(1, HOUR),
     .steps = {RIGHT(0), RIGHT(0, .client = OTHER, .login = "bobby@a.example",
                               .account = "bob@a.example", .want = MANY_ADDRESSES)}},
    {.name = "only accepted logins count networks",
     .failures = -1,
     .addresses_per_user = RATE(1, HOUR),
     .steps = {WRONG(0, .client = OTHER), RIGHT(0, .client = OTHER, .is_refused = true), RIGHT(0)}},
    {.name = "a network is what counts as one client",
     .addresses_per_user = RATE(1, HOUR),
     .steps = {RIGHT(0, .client = "2001:db8::1"), RIGHT(0, .client = "2001:db8::2"),
               RIGHT(0, .client = "2001:db8:0:1::1", .want = MANY_ADDRESSES)}},
    {.name = "who is in `never` is no network of a user, nor refused for it",
     .addresses_per_user = RATE(1, HOUR),
     .never = "192.0.2.0/24",
     .steps = {RIGHT(0), RIGHT(0, .client = OTHER), RIGHT(0, .client = "198.51.100.1"),
               RIGHT(0, .client = "198.51.100.2", .want = MANY_ADDRESSES), RIGHT(1)}},
    {.name = "one network too many opens no window and is not known",
     .account_failures = 2,
     .addresses_per_user = RATE(1, HOUR),
     .steps = {RIGHT(0),
               RIGHT(0, .client = OTHER, .has_window = true, .want = MANY_ADDRESSES),
               {RECALL, 0, .client = OTHER, .want = "nothing"},
               WRONG(1, .times = 2, .client = "198.51.100.1"),
               RIGHT(1, .client = OTHER, .want = "throttled account_failures"),
               RIGHT(1)}},
};

static void
test_limits(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

/* What the log and the alarm say. */
static void
test_refusals_say_which_limit(void **unused)
{
    (void)unused;
    const struct screening_case table = {.addresses_per_user = RATE(2, HOUR),
                                         .logins_per_user = RATE(4, MINUTE)};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = limits_of(&table);
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    const struct step steps[] = {
        RIGHT(0), RIGHT(0, .client = OTHER), {BEGIN, 0, .client = "192.0.2.3"}, RIGHT(0), RIGHT(0)};
    char words[WORDS_MAX], rule[256];
    for (size_t i = 0; i < 3; i++)
        take_step(&bench, &steps[i], words);
    const struct attempt_question question = question_of(&steps[2]);
    const struct attempt_result result = {
        .outcome = VERIFY_OK, .was_verified = true, .is_accepted = true, .account = question.login};
    struct attempt_end end;
    attempt_end(bench.store, &bench.rules, &question, &bench.slots[0], &result, EPOCH,
                deadline_after(ENGINE_WAIT_MS), &end);
    assert_true(end.is_throttled);
    assert_int_equal(end.addresses, 2);
    rule_format(&end.rule, rule, sizeof rule);
    assert_string_equal(rule, "conf:7 limits: addresses_per_user: 2 within 3600 s");
    for (size_t i = 3; i < 5; i++)
        take_step(&bench, &steps[i], words);
    assert_int_equal(bench.slots[0].answer, ATTEMPT_THROTTLED);
    rule_format(&bench.slots[0].rule, rule, sizeof rule);
    assert_string_equal(rule, "conf:7 limits: logins_per_user: 4 within 60 s");
    store_close(bench.store);
}

/* Whoever logs in by thousands of names, as which nobody has failed yet, pushes out nothing that
 * others have done. */
static void
test_a_flood_of_logins_pushes_out_no_failures(void **unused)
{
    (void)unused;
    enum { NAMES = 24000 };
    const struct screening_case table = {.failures = 3, .logins_per_user = RATE(99, HOUR)};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = limits_of(&table);
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    const struct screening_case before = {.name = "before", .steps = {WRONG(0, .times = 2)}};
    const struct screening_case after = {.name = "after the flood",
                                         .steps = {WRONG(1, .want = "on ban 3600")}};
    run_steps(&bench, &before);
    for (unsigned i = 0; i < NAMES; i++) {
        char login[32], words[WORDS_MAX];
        snprintf(login, sizeof login, "user%u@a.example", i);
        const struct step step = {TRY, 0, .client = OTHER, .login = login, .is_unasked = true};
        take_step(&bench, &step, words);
        assert_string_equal(words, "on");
    }
    run_steps(&bench, &after);
    store_close(bench.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_refusals_say_which_limit),
        cmocka_unit_test(test_a_flood_of_logins_pushes_out_no_failures),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
