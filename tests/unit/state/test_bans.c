#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "steps.h"

enum { STEPS_MAX = 8 };

enum deed {
    END = 0,
    BAN, /* want: for how long in ms */
    ASK, /* want: whether the client is banned */
};

struct step {
    enum deed deed;
    const char *client;
    int64_t at_ms;
    int64_t want;
};

/* Bans last an hour, then a day, then seven, unless said otherwise. */
static const struct {
    const char *name;
    const char *never;         /* the list's one entry; NULL: no list */
    unsigned ipv4_prefix;      /* 0: 32 */
    unsigned ipv6_prefix;      /* 0: 64 */
    int64_t ban_ms[STEPS_MAX]; /* the first is 0: as above */
    struct step steps[STEPS_MAX];
} cases[] = {
    {.name = "nobody is banned from the start", .steps = {{ASK, "192.0.2.1", 0, false}}},
    {.name = "a ban holds from its first moment to its last, and no longer",
     .steps = {{BAN, "192.0.2.1", 5, HOUR},
               {ASK, "192.0.2.1", 5, true},
               {ASK, "192.0.2.1", HOUR + 4, true},
               {ASK, "192.0.2.1", HOUR + 5, false}}},
    {.name = "a ban is nobody else's",
     .steps = {{BAN, "192.0.2.1", 0, HOUR},
               {ASK, "192.0.2.2", 1, false},
               {ASK, "2001:db8::1", 1, false}}},
    {.name = "the second offence costs a day, the third and all later ones seven",
     .steps = {{BAN, "192.0.2.1", 0, HOUR},
               {BAN, "192.0.2.1", HOUR, DAY},
               {BAN, "192.0.2.1", 2 * DAY, 7 * (int64_t)DAY},
               {BAN, "192.0.2.1", 20 * (int64_t)DAY, 7 * (int64_t)DAY},
               {ASK, "192.0.2.1", 26 * (int64_t)DAY, true},
               {ASK, "192.0.2.1", 27 * (int64_t)DAY, false}}},
    {.name = "one length of a ban holds for every offence",
     .ban_ms = {SECOND},
     .steps = {{BAN, "192.0.2.1", 0, SECOND},
               {BAN, "192.0.2.1", HOUR, SECOND},
               {BAN, "192.0.2.1", DAY, SECOND}}},
    {.name = "sessions side by side are one offence: the ban that is there stays as it is",
     .steps = {{BAN, "192.0.2.1", 0, HOUR},
               {BAN, "192.0.2.1", 1, HOUR - 1},
               {BAN, "192.0.2.1", HOUR - 1, 1},
               {ASK, "192.0.2.1", HOUR, false},
               {BAN, "192.0.2.1", HOUR, DAY}}},
    {.name = "offences of one client do not count for another",
     .steps = {{BAN, "192.0.2.1", 0, HOUR},
               {BAN, "192.0.2.1", HOUR, DAY},
               {BAN, "192.0.2.2", HOUR, HOUR}}},
    {.name = "whoever is in `never` is not banned",
     .never = "192.0.2.0/24",
     .steps = {{BAN, "192.0.2.1", 0, 0},
               {ASK, "192.0.2.1", 0, false},
               {BAN, "198.51.100.1", 0, HOUR},
               {ASK, "198.51.100.1", 0, true}}},
    {.name = "a network of which `never` holds one address is banned but for that one",
     .never = "192.0.2.1",
     .ipv4_prefix = 24,
     .steps = {{BAN, "192.0.2.2", 0, HOUR},
               {ASK, "192.0.2.3", 1, true},
               {ASK, "192.0.2.1", 1, false}}},
    {.name = "a client without an address is never banned",
     .steps = {{BAN, NULL, 0, 0},
               {ASK, NULL, 0, false},
               {BAN, "192.0.2.1", 0, HOUR},
               {ASK, NULL, 0, false}}},
    {.name = "an IPv6 client is its network of 64 bits",
     .steps = {{BAN, "2001:db8:1:2::1", 0, HOUR},
               {ASK, "2001:db8:1:2:ffff::2", 1, true},
               {ASK, "2001:db8:1:3::1", 1, false}}},
    {.name = "the prefixes are settings",
     .ipv4_prefix = 24,
     .ipv6_prefix = 128,
     .steps = {{BAN, "192.0.2.1", 0, HOUR},
               {ASK, "192.0.2.255", 1, true},
               {ASK, "192.0.3.1", 1, false},
               {BAN, "2001:db8::1", 0, HOUR},
               {ASK, "2001:db8::1", 1, true},
               {ASK, "2001:db8::2", 1, false}}},
    {.name = "an IPv4 address in IPv6 is the IPv4 address",
     .steps = {{BAN, "::ffff:192.0.2.1", 0, HOUR},
               {ASK, "192.0.2.1", 1, true},
               {ASK, "::ffff:192.0.2.2", 1, false},
               {BAN, "192.0.2.1", HOUR, DAY}}},
};

static struct screen
screen_of(size_t i, const struct list *never)
{
    struct screen screen = {
        .ban_ms = {HOUR, DAY, 7 * (int64_t)DAY},
        .ban_count = 3,
        .ipv4_prefix = cases[i].ipv4_prefix != 0 ? cases[i].ipv4_prefix : 32,
        .ipv6_prefix = cases[i].ipv6_prefix != 0 ? cases[i].ipv6_prefix : 64,
        .never = never,
    };
    if (cases[i].ban_ms[0] != 0) {
        screen.ban_ms[0] = cases[i].ban_ms[0];
        screen.ban_count = 1;
    }
    return screen;
}

static int64_t
take(const struct step *step, struct state *state, const struct screen *screen)
{
    struct netaddr client = client_of(step->client);
    if (step->deed == BAN)
        return state_ban(state, screen, &client, step->at_ms);
    return state_is_banned(state, screen, &client, step->at_ms);
}

static void
test_bans(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct list *never = list_of(cases[i].never);
        struct screen screen = screen_of(i, never);
        struct state *state = state_create();
        for (size_t j = 0; j < STEPS_MAX && cases[i].steps[j].deed != END; j++) {
            int64_t got = take(&cases[i].steps[j], state, &screen);
            if (got != cases[i].steps[j].want)
                fail_msg("%s: step %zu gave %lld", cases[i].name, j + 1, (long long)got);
        }
        state_free(state);
        list_free(never);
    }
}

/* As a reload brings them: the ban is the process's, the settings are the site's. */
static void
test_settings_hold_when_they_are_asked(void **unused)
{
    (void)unused;
    struct list *never = list_of("192.0.2.1");
    const struct screen before = {
        .ban_ms = {HOUR}, .ban_count = 1, .ipv4_prefix = 32, .ipv6_prefix = 64};
    struct screen after = before;
    after.never = never;
    struct state *state = state_create();
    struct netaddr client = client_of("192.0.2.1"), other = client_of("192.0.2.2");
    state_ban(state, &before, &client, 0);
    state_ban(state, &before, &other, 0);
    assert_true(state_is_banned(state, &before, &client, 1));
    assert_false(state_is_banned(state, &after, &client, 1));
    assert_true(state_is_banned(state, &after, &other, 1));
    state_free(state);
    list_free(never);
}

/* A regex that runs into its limit: a guess shuts nobody out. */
static void
test_a_list_that_cannot_tell_exempts(void **unused)
{
    (void)unused;
    struct list *never = list_of("/^(.|..)+(!|=)$/");
    const struct screen screen = {
        .ban_ms = {HOUR}, .ban_count = 1, .ipv4_prefix = 32, .ipv6_prefix = 64, .never = never};
    struct netaddr client = client_of("2001:db8:1111:2222:3333:4444:5555:6666");
    assert_int_equal(list_match_address(never, &client, NULL), LIST_CANNOT_TELL);
    struct state *state = state_create();
    assert_int_equal(state_ban(state, &screen, &client, 0), 0);
    assert_false(state_is_banned(state, &screen, &client, 0));
    state_free(state);
    list_free(never);
}

/* More networks than there is room for: the newest bans hold. */
static void
test_bans_are_bounded(void **unused)
{
    (void)unused;
    enum { NETWORKS = 100001 };
    const struct screen screen = {
        .ban_ms = {HOUR}, .ban_count = 1, .ipv4_prefix = 32, .ipv6_prefix = 64};
    struct state *state = state_create();
    struct netaddr first = {.family = NETADDR_IPV4, .bytes = {10, 0, 0, 0}}, client = first;
    for (unsigned i = 0; i < NETWORKS; i++) {
        client.bytes[1] = (uint8_t)(i >> 16);
        client.bytes[2] = (uint8_t)(i >> 8);
        client.bytes[3] = (uint8_t)i;
        state_ban(state, &screen, &client, 0);
    }
    assert_false(state_is_banned(state, &screen, &first, 1));
    assert_true(state_is_banned(state, &screen, &client, 1));
    state_free(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bans),
        cmocka_unit_test(test_settings_hold_when_they_are_asked),
        cmocka_unit_test(test_a_list_that_cannot_tell_exempts),
        cmocka_unit_test(test_bans_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
