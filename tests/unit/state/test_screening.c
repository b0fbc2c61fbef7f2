#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screening_steps.h"

#define OTHER "192.0.2.2"

static const struct screening_case cases[] = {
    {.name = "so many failures ban exactly at that number",
     .steps = {WRONG(0), WRONG(1), WRONG(2, .want = "on ban 3600"), WRONG(3, .want = "banned")}},
    {.name = "one fewer does not",
     .steps = {WRONG(0, .times = 2), RIGHT(1), {RECALL, 2, .want = "nothing"}}},
    {.name = "a ban holds for right and wrong passwords and without AUTH, until its last moment",
     .steps = {WRONG(0, .times = 2),
               WRONG(0, .want = "on ban 3600"),
               RIGHT(1, .want = "banned"),
               WRONG(HOUR - 1, .want = "banned"),
               {RECALL, HOUR - 1, .want = "banned"},
               {RECALL, HOUR, .want = "nothing"},
               RIGHT(HOUR)}},
    {.name = "a ban is nobody else's",
     .steps = {WRONG(0, .times = 2),
               WRONG(0, .want = "on ban 3600"),
               RIGHT(1, .client = OTHER),
               {RECALL, 1, .client = "2001:db8::1", .want = "nothing"}}},
    {.name = "a failure counts to the last moment of its time",
     .steps = {WRONG(0, .times = 2), WRONG(WITHIN - 1, .want = "on ban 3600")}},
    {.name = "a failure is forgotten an eighth of its time later",
     .steps = {WRONG(0, .times = 2), WRONG(WITHIN + WITHIN / 8), WRONG(WITHIN + WITHIN / 8),
               WRONG(WITHIN + WITHIN / 8, .want = "on ban 3600")}},
    {.name = "failures far apart never ban",
     .failures = 2,
     .steps = {WRONG(0), WRONG(HOUR), WRONG(2 * HOUR), WRONG(3 * HOUR), WRONG(4 * HOUR)}},
    {.name = "the second offence costs a day, the third and all later ones seven",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"), WRONG(HOUR, .want = "on ban 86400"),
               WRONG(2 * DAY, .want = "on ban 604800"), WRONG(10 * DAY, .want = "on ban 604800")}},
    {.name = "offences are forgotten once the ban has been over for as long as the longest ban",
     .failures = 1,
     .steps = {WRONG(0, .want = "on ban 3600"), WRONG(HOUR + 7 * DAY - 1, .want = "on ban 86400"),
               WRONG(HOUR + 7 * DAY + DAY + 7 * DAY, .want = "on ban 3600")}},
    {.name = "one length of a ban holds for every offence",
     .failures = 1,
     .first_ban_ms = SECOND,
     .steps = {WRONG(0, .want = "on ban 1"), WRONG(MINUTE, .want = "on ban 1"),
               WRONG(HOUR, .want = "on ban 1")}},
    {.name = "after a ban that is shorter than the failures' time, counting begins anew",
     .first_ban_ms = MINUTE,
     .steps = {WRONG(0, .times = 2), WRONG(0, .want = "on ban 60"), WRONG(2 * MINUTE, .times = 2),
               RIGHT(2 * MINUTE), WRONG(2 * MINUTE, .times = 2),
               WRONG(2 * MINUTE, .want = "on ban 60")}},
    {.name = "the same wrong password counts once",
     .steps = {WRONG(0, .password = "old", .times = 9), WRONG(0, .password = "older"),
               WRONG(0, .password = "old"), WRONG(0, .password = "oldest", .want = "on ban 3600")}},
    {.name = "a device that tries its old password again and again is never banned",
     .steps = {WRONG(0, .password = "old"), WRONG(9 * MINUTE, .password = "old"),
               WRONG(18 * MINUTE, .password = "old"), WRONG(27 * MINUTE, .password = "old"),
               WRONG(36 * MINUTE, .password = "old"), RIGHT(37 * MINUTE)}},
    {.name = "one password on many names counts for each",
     .steps = {WRONG(0, .password = "123456", .login = "a@a.example"),
               WRONG(0, .password = "123456", .login = "b@a.example"),
               WRONG(0, .password = "123456", .login = "c@a.example", .want = "on ban 3600")}},
    {.name = "one password for the same bare name of two tenants counts for each",
     .failures = 2,
     .steps = {WRONG(0, .password = "123456", .login = "bob", .organization = "acme"),
               WRONG(0, .password = "123456", .login = "bob", .organization = "other",
                     .want = "on ban 3600")}},
    {.name = "an alias does not make the same password another",
     .failures = 2,
     .steps = {WRONG(0, .password = "old", .login = "bob@a.example"),
               WRONG(0, .password = "old", .login = "bobby@a.example", .account = "bob@a.example"),
               RIGHT(1)}},
    {.name = "an answer to a challenge is never the same",
     .steps = {WRONG(0, .password = "-", .times = 2),
               WRONG(0, .password = "-", .want = "on ban 3600")}},
    {.name = "the same wrong password counts every time where that is said",
     .same_password_counts = true,
     .steps = {WRONG(0, .password = "old", .times = 2),
               WRONG(0, .password = "old", .want = "on ban 3600")}},
    {.name = "distinct unknown names ban",
     .failures = -1,
     .unknown_names = 3,
     .steps = {NOBODY(0, .login = "a@a.example"), NOBODY(0, .login = "a@a.example"),
               NOBODY(0, .login = "b@a.example"), NOBODY(0, .login = "b@a.example"),
               NOBODY(HOUR - 1, .login = "c@a.example", .want = "on ban 3600")}},
    {.name = "unknown names are forgotten after their time",
     .failures = -1,
     .unknown_names = 2,
     .steps = {NOBODY(0, .login = "a@a.example"), NOBODY(HOUR + HOUR / 8, .login = "b@a.example")}},
    {.name = "unknown names are failures too",
     .unknown_names = 9,
     .steps = {NOBODY(0), NOBODY(0), NOBODY(0, .want = "on ban 3600")}},
    {.name = "the same unknown name with the same password counts once",
     .unknown_names = 9,
     .steps = {NOBODY(0, .password = "old", .times = 9), RIGHT(1)}},
    {.name = "wrong passwords of known names are no unknown names",
     .failures = -1,
     .unknown_names = 2,
     .steps = {WRONG(0, .login = "a@a.example"), WRONG(0, .login = "b@a.example"),
               WRONG(0, .login = "c@a.example")}},
    {.name = "a ban by unknown names pays for the failures too",
     .failures = 3,
     .first_ban_ms = SECOND,
     .unknown_names = 2,
     .steps = {NOBODY(0, .login = "a@a.example"),
               NOBODY(0, .login = "b@a.example", .want = "on ban 1"), WRONG(MINUTE, .times = 2),
               WRONG(MINUTE, .want = "on ban 1")}},
    {.name = "a ban by failures pays for the unknown names too",
     .failures = 2,
     .first_ban_ms = SECOND,
     .unknown_names = 3,
     .steps = {NOBODY(0, .login = "a@a.example"),
               NOBODY(0, .login = "b@a.example", .want = "on ban 1"),
               NOBODY(MINUTE, .login = "c@a.example")}},
    {.name = "any ban pays for the refused recipients",
     .first_ban_ms = SECOND,
     .bad_recipients = 3,
     .steps = {{RECIPIENT, 0, .times = 2},
               {OFFENCE, 0, .want = "on ban 1"},
               {RECIPIENT, MINUTE, .times = 2},
               {RECIPIENT, MINUTE, .want = "on ban 1"}}},
    {.name = "both counts at once are one offence",
     .failures = 2,
     .unknown_names = 2,
     .steps = {NOBODY(0, .login = "a@a.example"),
               NOBODY(0, .login = "b@a.example", .want = "on ban 3600"),
               {RECALL, HOUR, .want = "nothing"},
               NOBODY(HOUR, .login = "a@a.example"),
               NOBODY(HOUR, .login = "b@a.example", .want = "on ban 86400")}},
    {.name = "refused recipients ban",
     .bad_recipients = 3,
     .steps = {{RECIPIENT, 0, .times = 2},
               {RECIPIENT, WITHIN - 1, .want = "on ban 3600"},
               {RECALL, WITHIN, .want = "banned"}}},
    {.name = "refused recipients and failures are counted apart",
     .bad_recipients = 3,
     .steps = {{RECIPIENT, 0, .times = 2}, WRONG(0, .times = 2), RIGHT(0)}},
    {.name = "refused recipients are not counted without a number",
     .steps = {{RECIPIENT, 0, .times = 20}, {RECALL, 1, .want = "nothing"}}},
    {.name = "an outage never counts",
     .unknown_names = 1,
     .account_failures = 1,
     .steps = {{TRY, 0, VERIFY_UNAVAILABLE, .account = "", .times = 20},
               {RECALL, 1, .want = "nothing"},
               RIGHT(1)}},
    {.name = "no other outcome counts",
     .failures = 1,
     .unknown_names = 1,
     .account_failures = 1,
     .steps = {{TRY, 0, VERIFY_DISABLED},
               {TRY, 0, VERIFY_AMBIGUOUS},
               {TRY, 0, VERIFY_LOCKED},
               {TRY, 0, VERIFY_ACCOUNT_EXPIRED},
               {TRY, 0, VERIFY_PASSWORD_EXPIRED},
               {TRY, 0, VERIFY_MUST_CHANGE},
               {TRY, 0, VERIFY_NOT_ALLOWED},
               {TRY, 0, VERIFY_NO_CLEAR_PASSWORD},
               RIGHT(0, .is_refused = true),
               {TRY, 0, VERIFY_WRONG_PASSWORD, .is_unasked = true},
               RIGHT(1)}},
    {.name = "an attempt that is refused anyhow counts nothing, and hears of a ban",
     .failures = 1,
     .steps = {WRONG(0, .only_bans = true), WRONG(0, .only_bans = true),
               WRONG(0, .want = "on ban 3600"), WRONG(0, .only_bans = true, .want = "banned")}},
    {.name = "without a name only bans are looked at",
     .failures = 1,
     .steps = {{BAN, 0, .client = "192.0.2.1/32", .for_ms = HOUR},
               RIGHT(1, .only_bans = true, .login = "", .want = "banned")}},
    {.name = "failures are not counted with failures 0",
     .failures = -1,
     .steps = {WRONG(0, .times = 30), {RECALL, 1, .want = "nothing"}}},
    {.name = "who is in `never` is neither counted nor banned",
     .failures = 1,
     .bad_recipients = 1,
     .unknown_names = 1,
     .account_failures = 1,
     .never = "192.0.2.0/24",
     .steps = {WRONG(0, .times = 5),
               NOBODY(0, .times = 5),
               {RECIPIENT, 0, .times = 5},
               {OFFENCE, 0, .times = 5},
               {BAN, 0, .client = "192.0.2.0/24"},
               {RECALL, 1, .want = "nothing"},
               RIGHT(1),
               WRONG(1, .client = "198.51.100.1", .want = "on ban 3600")}},
    {.name = "who is in `never` opens no window, because he may stand for many people",
     .never = "192.0.2.0/24",
     .steps = {RIGHT(0, .has_window = true),
               {RECALL, 1, .want = "nothing"},
               RIGHT(1, .client = "198.51.100.9", .has_window = true, .want = "on window"),
               {RECALL, 2, .client = "198.51.100.9", .want = "window bob@a.example"}}},
    {.name = "a network of which `never` holds one address is banned but for that one",
     .failures = 1,
     .ipv4_prefix = 24,
     .never = "192.0.2.1",
     .steps = {WRONG(0, .client = OTHER, .want = "on ban 3600"),
               WRONG(1, .client = "192.0.2.3", .want = "banned"), RIGHT(1), WRONG(1)}},
    {.name = "a client without an address is never counted",
     .failures = 1,
     .account_failures = 1,
     .steps = {WRONG(0, .client = "", .times = 5),
               {OFFENCE, 0, .client = ""},
               {RECALL, 0, .client = "", .want = "nothing"},
               RIGHT(0)}},
    {.name = "an IPv6 client is its network of 64 bits",
     .steps = {WRONG(0, .client = "2001:db8:1:2::1"), WRONG(0, .client = "2001:db8:1:2:f::2"),
               WRONG(0, .client = "2001:db8:1:2:1::3", .want = "on ban 3600"),
               RIGHT(1, .client = "2001:db8:1:2::9", .want = "banned"),
               RIGHT(1, .client = "2001:db8:1:3::1")}},
    {.name = "the IPv4 prefix is a setting",
     .ipv4_prefix = 24,
     .steps = {WRONG(0, .client = "192.0.2.1"), WRONG(0, .client = "192.0.2.77"),
               WRONG(0, .client = "192.0.2.255", .want = "on ban 3600"),
               RIGHT(1, .client = "192.0.2.128", .want = "banned"),
               RIGHT(1, .client = "192.0.3.1")}},
    {.name = "an IPv4 address in IPv6 is the IPv4 address",
     .steps = {WRONG(0, .client = "::ffff:192.0.2.1"), WRONG(0, .client = "192.0.2.1"),
               WRONG(0, .client = "::ffff:192.0.2.1", .want = "on ban 3600"),
               RIGHT(1, .want = "banned"), RIGHT(1, .client = "::ffff:192.0.2.2")}},
    {.name = "AUTH where it is off bans at once",
     .steps = {{OFFENCE, 0, .want = "on ban 3600"},
               {OFFENCE, 1},
               {RECALL, 1, .want = "banned"},
               {RECALL, HOUR, .want = "nothing"},
               {OFFENCE, HOUR, .want = "on ban 86400"}}},
    {.name = "a login takes its own pair's failures off",
     .steps = {WRONG(0, .times = 2), RIGHT(1), WRONG(2, .times = 2), RIGHT(3), WRONG(4, .times = 2),
               RIGHT(5), WRONG(6, .times = 2), WRONG(7, .want = "on ban 3600")}},
    {.name = "a right password takes them off even if the account must not",
     .steps = {WRONG(0, .times = 2), RIGHT(1, .is_refused = true), WRONG(2, .times = 2),
               WRONG(3, .want = "on ban 3600")}},
    {.name = "a login takes nobody else's failures off",
     .steps = {WRONG(0, .times = 2, .login = "eve@a.example"), RIGHT(1),
               WRONG(2, .want = "on ban 3600")}},
    {.name = "a wrong password that was tried thrice and counted once is taken off once",
     .steps = {WRONG(0, .times = 3, .password = "old"), WRONG(0, .login = "eve@a.example"),
               RIGHT(1), WRONG(2, .login = "eve@a.example"),
               WRONG(2, .login = "eve@a.example", .want = "on ban 3600")}},
    {.name = "the same bare name of another tenant is somebody else",
     .steps = {WRONG(0, .times = 2, .login = "bob", .organization = "other"),
               RIGHT(1, .login = "bob", .organization = "acme"),
               WRONG(2, .login = "bob", .organization = "acme", .want = "on ban 3600")}},
    {.name = "failures by an alias go with a login by the canonical name, and the other way round",
     .steps = {WRONG(0, .times = 2, .login = "bobby@a.example", .account = "bob@a.example"),
               RIGHT(1), WRONG(2, .times = 2),
               RIGHT(3, .login = "bobby@a.example", .account = "bob@a.example"),
               WRONG(4, .times = 2), WRONG(4, .want = "on ban 3600")}},
    {.name = "an owner's typing errors beside an attacker's: the attacker's stay",
     .failures = 5,
     .steps = {WRONG(0, .times = 2), WRONG(0, .times = 2, .login = "eve@a.example"), RIGHT(1),
               WRONG(2, .times = 2), RIGHT(3), WRONG(4, .times = 2, .login = "eve@a.example"),
               WRONG(4, .login = "eve@a.example", .want = "on ban 3600")}},
    {.name = "an attacker with a valid account cannot clear his counter",
     .failures = 5,
     .steps = {WRONG(0, .login = "v1@a.example"), RIGHT(1, .login = "eve@a.example"),
               WRONG(2, .login = "v2@a.example"), RIGHT(3, .login = "eve@a.example"),
               WRONG(4, .login = "v3@a.example"), RIGHT(5, .login = "eve@a.example"),
               WRONG(6, .login = "v4@a.example"), RIGHT(7, .login = "eve@a.example"),
               WRONG(8, .login = "v5@a.example", .want = "on ban 3600")}},
    {.name = "... nor by failing with his own account first, whose failures are forgotten sooner",
     .failures = 5,
     .steps = {WRONG(0, .times = 2, .login = "eve@a.example"),
               WRONG(9 * MINUTE, .times = 2, .login = "victim@a.example"),
               RIGHT(9 * MINUTE, .login = "eve@a.example"),
               /* his own are forgotten by themselves now, and must not take others' with them */
               WRONG(12 * MINUTE, .times = 2, .login = "victim@a.example"),
               WRONG(12 * MINUTE, .login = "victim@a.example", .want = "on ban 3600")}},
    {.name = "monitor counts and tells, and refuses nobody",
     .mode = "monitor",
     .steps = {WRONG(0, .times = 2),
               WRONG(0, .want = "on would-ban 3600"),
               RIGHT(0),
               {RECALL, 0, .want = "nothing"}}},
    {.name = "monitor tells once for as long as a first ban lasts",
     .mode = "monitor",
     .steps = {WRONG(0, .times = 2), WRONG(0, .want = "on would-ban 3600"), WRONG(1, .times = 20),
               WRONG(2 * HOUR, .times = 2), WRONG(2 * HOUR, .want = "on would-ban 3600")}},
    {.name = "monitor takes a pair's failures off as well",
     .mode = "monitor",
     .steps = {WRONG(0, .times = 2), RIGHT(1), WRONG(2, .times = 2), RIGHT(3)}},
    {.name = "monitor counts unknown names, recipients and AUTH where it is off",
     .mode = "monitor",
     .unknown_names = 2,
     .bad_recipients = 2,
     .steps = {NOBODY(0, .login = "a@a.example"),
               NOBODY(0, .login = "b@a.example", .want = "on would-ban 3600"),
               {RECIPIENT, 0, .client = OTHER},
               {RECIPIENT, 0, .client = OTHER, .want = "on would-ban 3600"},
               {OFFENCE, 0, .client = "192.0.2.3", .want = "on would-ban 3600"},
               {RECALL, 1, .want = "nothing"},
               {RECALL, 1, .client = OTHER, .want = "nothing"},
               {RECALL, 1, .client = "192.0.2.3", .want = "nothing"}}},
    {.name = "off counts nothing; AUTH where it is off bans all the same",
     .mode = "off",
     .failures = 1,
     .unknown_names = 1,
     .bad_recipients = 1,
     .account_failures = 1,
     .steps = {WRONG(0, .times = 5),
               NOBODY(0, .times = 5),
               {RECIPIENT, 0, .times = 5},
               {RECALL, 1, .want = "nothing"},
               {OFFENCE, 1, .want = "on ban 3600"},
               {RECALL, 2, .want = "banned"},
               RIGHT(2, .want = "banned")}},
    {.name = "bans by hand hold in monitor mode",
     .mode = "monitor",
     .steps = {{BAN, 0, .client = "192.0.2.0/24", .for_ms = HOUR},
               RIGHT(1, .want = "banned"),
               {RECALL, 1, .want = "banned"},
               RIGHT(HOUR)}},
    {.name = "bans by hand hold in mode off",
     .mode = "off",
     .steps = {{BAN, 0, .client = "192.0.2.1/32"},
               RIGHT(1, .want = "banned"),
               {RECALL, 1000 * DAY, .want = "banned"}}},
};

static void
test_networks(void **unused)
{
    (void)unused;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

/* One store, whose settings change as a reload changes them. */
static void
run_with(struct bench *bench, const struct screening_case *table)
{
    struct list *never = list_of(table->never);
    const struct screen screen = screen_of(table, never);
    const struct limits limits = limits_of(table);
    bench->rules = (struct screening_rules){
        .screen = &screen, .limits = &limits, .longest_window_ms = HOUR, .place_ms = PLACE};
    run_steps(bench, table);
    list_free(never);
}

/* Tables that follow one another on the same store. */
static const struct screening_case reloads[][3] = {
    {{.name = "what monitor has counted holds: the next failure bans, who knows his password is in",
      .mode = "monitor",
      .failures = 5,
      .steps = {WRONG(0, .times = 4)}},
     {.name = "... under enforce with fewer",
      .failures = 3,
      .steps = {RIGHT(1, .login = "anna@a.example"), WRONG(2, .want = "on ban 3600")}}},
    {{.name = "one at a time, where a network has had more failures than it may",
      .mode = "monitor",
      .failures = 5,
      .steps = {WRONG(0, .times = 4)}},
     {.name = "... under enforce",
      .failures = 3,
      .steps = {{BEGIN, 1, .slot = 1},
                {BEGIN, 1, .slot = 2, .want = "wait"},
                {FINISH, 2, VERIFY_OK, .slot = 1, .login = "anna@a.example"},
                {BEGIN, 2, .slot = 2}}}},
    {{.name = "bans by count do not hold in other modes than enforce",
      .failures = 1,
      .steps = {WRONG(0, .want = "on ban 3600")}},
     {.name = "... monitor",
      .mode = "monitor",
      .steps = {{RECALL, 1, .want = "nothing"}, RIGHT(1)}},
     {.name = "... off", .mode = "off", .steps = {{RECALL, 1, .want = "nothing"}, RIGHT(1)}}},
    {{.name = "bans by AUTH where it is off do not hold in monitor mode",
      .steps = {{OFFENCE, 0, .want = "on ban 3600"}}},
     {.name = "... monitor",
      .mode = "monitor",
      .steps = {{RECALL, 1, .want = "nothing"}, RIGHT(1)}},
     {.name = "... off", .mode = "off", .steps = {{RECALL, 1, .want = "banned"}}}},
    {{.name = "a ban that does not hold in mode off does not stand for one by AUTH where it is off",
      .failures = 1,
      .steps = {WRONG(0, .want = "on ban 3600")}},
     {.name = "... off",
      .mode = "off",
      .steps = {{OFFENCE, 1, .want = "on ban 86400"}, {RECALL, 2, .want = "banned"}}}},
    {{.name = "a ban by count does not hide one by hand of a wider network",
      .failures = 1,
      .steps = {WRONG(0, .want = "on ban 3600"), {BAN, 1, .client = "192.0.2.0/24"}}},
     {.name = "... monitor", .mode = "monitor", .steps = {{RECALL, 1, .want = "banned"}}},
     {.name = "... off", .mode = "off", .steps = {RIGHT(1, .want = "banned")}}},
    {{.name = "who comes into `never` has no window any more",
      .steps = {RIGHT(0, .has_window = true, .want = "on window"),
                {RECALL, 1, .want = "window bob@a.example"}}},
     {.name = "... with never", .never = "192.0.2.1", .steps = {{RECALL, 2, .want = "nothing"}}},
     {.name = "... without", .steps = {{RECALL, 2, .want = "window bob@a.example"}}}},
    {{.name = "who comes into `never` is free at once",
      .failures = 1,
      .steps = {WRONG(0, .want = "on ban 3600"), WRONG(0, .client = OTHER, .want = "on ban 3600")}},
     {.name = "... with never",
      .never = "192.0.2.1",
      .steps = {RIGHT(1), RIGHT(1, .client = OTHER, .want = "banned")}}},
};

static void
test_reloads(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        for (size_t j = 0; j < sizeof reloads / sizeof reloads[0] && engines_have(all_engines[i]);
             j++) {
            struct bench bench = {.engine = all_engines[i], .store = engines_open(all_engines[i])};
            for (size_t k = 0; k < 3 && reloads[j][k].name != NULL; k++)
                run_with(&bench, &reloads[j][k]);
            store_close(bench.store);
        }
}

/* A regex that runs into its limit: a guess shuts nobody out. */
static void
test_a_list_that_cannot_tell_exempts(void **unused)
{
    (void)unused;
    struct list *never = list_of("/^(.|..)+(!|=)$/");
    const struct screen screen = {.never = never};
    const struct netaddr client = client_of("2001:db8:1111:2222:3333:4444:5555:6666");
    assert_int_equal(list_match_address(never, &client, NULL), LIST_CANNOT_TELL);
    assert_true(screening_is_exempt(&screen, &client));
    list_free(never);
}

/* The words of the audit line. */
static void
test_a_ban_says_which_network_until_when_and_why(void **unused)
{
    (void)unused;
    const struct screening_case table = {.failures = 1};
    const struct screen screen = screen_of(&table, NULL);
    const struct limits limits = {0};
    struct bench bench = {.store = engines_open(STORE_LMDB),
                          .rules = {.screen = &screen, .limits = &limits, .place_ms = PLACE}};
    char words[WORDS_MAX], rule[256];
    const struct step wrong = WRONG(0), by_hand = {BAN, 0, .client = "192.0.0.0/16"};
    take_step(&bench, &wrong, words);
    take_step(&bench, &wrong, words);
    assert_int_equal(bench.slots[0].ban.maker, BAN_BY_COUNT);
    rule_format(&bench.slots[0].rule, rule, sizeof rule);
    assert_string_equal(rule, "conf:1 screen: ban: 192.0.2.1/32 until 2096-10-02T08:06:40Z: "
                              "auth.bad-credentials");
    const struct step other = WRONG(0, .client = "192.0.77.1");
    take_step(&bench, &by_hand, words);
    take_step(&bench, &other, words);
    rule_format(&bench.slots[0].rule, rule, sizeof rule);
    assert_string_equal(rule, "conf:1 screen: ban: 192.0.0.0/16 for ever: by hand");
    store_close(bench.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_reloads),
        cmocka_unit_test(test_a_list_that_cannot_tell_exempts),
        cmocka_unit_test(test_a_ban_says_which_network_until_when_and_why),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
