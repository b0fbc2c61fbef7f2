#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "screening_steps.h"

#define OTHER "192.0.2.2"

static const struct screening_case cases[] = {
    {.name = "a ban by hand holds for all of its network, until its time",
     .steps = {{BAN, 0, .client = "192.0.2.0/24", .for_ms = HOUR},
               RIGHT(1, .client = "192.0.2.255", .want = "banned"),
               {RECALL, HOUR - 1, .want = "banned"},
               RIGHT(1, .client = "192.0.3.1"),
               RIGHT(HOUR)}},
    {.name = "... or for ever",
     .steps = {{BAN, 0, .client = "192.0.2.1/32"}, RIGHT(20000 * DAY, .want = "banned")}},
    {.name = "a ban of an IPv6 network",
     .steps = {{BAN, 0, .client = "2001:db8::/32"},
               RIGHT(1, .client = "2001:db8:ffff::1", .want = "banned"),
               RIGHT(1, .client = "2001:db9::1")}},
    {.name = "a ban by hand takes the place of the one that is there",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"),
               {BAN, 1, .client = "192.0.2.1/32", .for_ms = MINUTE},
               RIGHT(MINUTE + 1)}},
    {.name = "a ban by hand leaves the offences as they were",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"),
               {BAN, HOUR, .client = "192.0.2.1/32", .for_ms = HOUR},
               WRONG(2 * HOUR, .want = "on ban 86400")}},
    {.name = "a ban by hand is no offence",
     .failures = 1,
     .steps = {{BAN, 0, .client = "192.0.2.1/32", .for_ms = HOUR},
               WRONG(HOUR, .want = "on ban 3600")}},
    {.name = "ending a ban lets him in and forgets his offences",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"),
               {UNBAN, 1, .client = "192.0.2.1/32"},
               RIGHT(1),
               WRONG(2, .want = "on ban 3600")}},
    {.name = "ending a ban forgets what was counted against the network",
     .unknown_names = 2,
     .bad_recipients = 2,
     .steps = {WRONG(0, .times = 2),
               NOBODY(0, .login = "a@a.example", .client = OTHER),
               {RECIPIENT, 0, .client = OTHER},
               {BAN, 0, .client = "192.0.2.1/32"},
               {BAN, 0, .client = "192.0.2.2/32"},
               {UNBAN, 1, .client = "192.0.2.1/32"},
               {UNBAN, 1, .client = "192.0.2.2/32"},
               WRONG(2, .times = 2),
               NOBODY(2, .login = "b@a.example", .client = OTHER),
               {RECIPIENT, 2, .client = OTHER},
               WRONG(3, .want = "on ban 3600"),
               {RECIPIENT, 3, .client = OTHER, .want = "on ban 3600"}}},
    {.name = "... and lets its old passwords count again",
     .failures = 1,
     .steps = {WRONG(0, .password = "old", .want = "on ban 3600"),
               {UNBAN, 1, .client = "192.0.2.1/32"},
               WRONG(2, .password = "old", .want = "on ban 3600")}},
    {.name = "... and that monitor mode has told of the network",
     .mode = "monitor",
     .failures = 1,
     .steps = {WRONG(0, .want = "on would-ban 3600"),
               WRONG(1),
               {UNBAN, 2, .client = "192.0.2.1/32", .want = "none"},
               WRONG(3, .want = "on would-ban 3600")}},
    {.name = "only exactly that network's ban is ended",
     .steps = {{BAN, 0, .client = "192.0.2.0/24"},
               {UNBAN, 1, .client = "192.0.2.1/32", .want = "none"},
               {UNBAN, 1, .client = "192.0.0.0/16", .want = "none"},
               RIGHT(2, .want = "banned"),
               {UNBAN, 2, .client = "192.0.2.0/24"},
               RIGHT(2)}},
    {.name = "of several bans the longest network's is told, and each holds by itself",
     .steps = {{BAN, 0, .client = "192.0.2.0/24"},
               {BAN, 0, .client = "192.0.2.1/32", .for_ms = HOUR},
               RIGHT(1, .want = "banned"),
               RIGHT(HOUR, .want = "banned"),
               {UNBAN, HOUR, .client = "192.0.2.0/24"},
               RIGHT(HOUR)}},
    {.name = "failures that come during a ban are of the offence that made it",
     .failures = 1,
     .steps = {{BEGIN, 0, .slot = 1},
               {OFFENCE, 0, .want = "on ban 3600"},
               {FINISH, 1, VERIFY_WRONG_PASSWORD, .slot = 1},
               {RECALL, HOUR, .want = "nothing"},
               WRONG(HOUR, .want = "on ban 86400")}},
};

static void
test_bans(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

enum { ALL_MAX = 8 };

struct all {
    struct store_ban bans[ALL_MAX];
    size_t count;
};

static bool
collect(void *context, const struct store_ban *ban)
{
    struct all *all = context;
    assert_true(all->count < ALL_MAX);
    all->bans[all->count++] = *ban;
    return true;
}

static const struct store_ban *
find(const struct all *all, const char *network)
{
    for (size_t i = 0; i < all->count; i++) {
        char text[NETPREFIX_TEXT_MAX];
        netprefix_format(&all->bans[i].network, text);
        if (strcmp(text, network) == 0)
            return &all->bans[i];
    }
    fail_msg("%s is not listed", network);
    return NULL;
}

static void
list_on(enum store_engine_name engine)
{
    const struct screening_case table = {
        .failures = 1,
        .steps = {WRONG(0, .want = "on ban 3600"),
                  {OFFENCE, 0, .client = OTHER, .want = "on ban 3600"},
                  {BAN, 0, .client = "198.51.100.0/24"},
                  {BAN, 0, .client = "203.0.113.0/24", .for_ms = MINUTE}}};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.engine = engine,
                          .store = engines_open(engine),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    struct all all = {.count = 0};
    run_steps(&bench, &table);
    assert_int_equal(
        bans_list(bench.store, EPOCH + MINUTE, deadline_after(ENGINE_WAIT_MS), collect, &all, NULL),
        0);
    assert_int_equal(all.count, 3);
    const struct store_ban *counted = find(&all, "192.0.2.1/32");
    assert_string_equal(ban_maker_name(counted->maker), "count");
    assert_string_equal(counted->reason, "auth.bad-credentials");
    assert_int_equal(counted->since_ms, EPOCH);
    assert_int_equal(counted->until_ms, EPOCH + HOUR);
    assert_int_equal(counted->offences, 1);
    assert_string_equal(ban_maker_name(find(&all, "192.0.2.2/32")->maker), "listener");
    assert_string_equal(find(&all, "192.0.2.2/32")->reason, "auth.off");
    const struct store_ban *by_hand = find(&all, "198.51.100.0/24");
    assert_string_equal(ban_maker_name(by_hand->maker), "hand");
    assert_string_equal(by_hand->reason, "by hand");
    assert_int_equal(by_hand->until_ms, INT64_MAX);
    store_close(bench.store);
}

static void
test_bans_are_listed_until_they_are_over(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        if (engines_have(all_engines[i]))
            list_on(all_engines[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bans),
        cmocka_unit_test(test_bans_are_listed_until_they_are_over),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
