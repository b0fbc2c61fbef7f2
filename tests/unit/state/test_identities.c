/* Who is meant by a name in XCLIENT, after logins in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engines.h"
#include "screening.h"
#include "steps.h"

enum { LOGINS_MAX = 4, PLACE_MS = 60000 };

#define ANNA   "192.0.2.1", "anna"
#define NOBODY "is nobody's"
#define MANY   "may be many"

enum how {
    SMTP = 0,
    REFUSED, /* the account must not */
    IMAP,    /* and a relay window opens */
};

static const struct {
    const char *name;
    bool is_exempt; /* the client is in `never` */
    struct {
        enum how how;
        int64_t at_ms;
        const char *client, *account, *login, *organization; /* client NULL: no more */
    } logins[LOGINS_MAX];
    int64_t at_ms;
    const char *client, *account;
    const char *want; /* the login */
} cases[] = {
    {"without a login a name is nobody's", false, {{0}}, 0, ANNA, NOBODY},
    {"a login says whose name it is",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     ANNA,
     "anna@acme.example"},
    {"for a day",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}},
     DAY - 1,
     ANNA,
     "anna@acme.example"},
    {"and no longer", false, {{SMTP, 0, ANNA, "anna@acme.example", "acme"}}, DAY, ANNA, NOBODY},
    {"from the last login on",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"},
      {SMTP, HOUR, ANNA, "anna@acme.example", "acme"}},
     DAY + HOUR - 1,
     ANNA,
     "anna@acme.example"},
    {"of two logins the last one counts",
     false,
     {{SMTP, 0, ANNA, "boss@acme.example", "acme"}, {SMTP, 1, ANNA, "anna@acme.example", "acme"}},
     2,
     ANNA,
     "anna@acme.example"},
    {"whose name is another says nothing",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     "192.0.2.1",
     "bob",
     NOBODY},
    {"nor does one from elsewhere",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     "192.0.2.2",
     "anna",
     NOBODY},
    {"one of IPv6 is the address's, not its network's",
     false,
     {{SMTP, 0, "2001:db8::1", "anna", "anna@acme.example", "acme"}},
     1,
     "2001:db8::2",
     "anna",
     NOBODY},
    {"users behind the same address are told apart",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"},
      {SMTP, 1, "192.0.2.1", "bob", "bob@other.example", "other"}},
     2,
     ANNA,
     "anna@acme.example"},
    {"but not those of two organizations who are called the same",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}, {SMTP, 1, ANNA, "anna@other.example", "other"}},
     2,
     ANNA,
     MANY},
    {"whichever came last",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"},
      {SMTP, 1, ANNA, "anna@other.example", "other"},
      {SMTP, 2, ANNA, "anna@acme.example", "acme"}},
     3,
     ANNA,
     MANY},
    {"also if one of them is of none",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}, {SMTP, 1, ANNA, "anna", NULL}},
     2,
     ANNA,
     MANY},
    {"until the other's last login is a day ago",
     false,
     {{SMTP, 0, ANNA, "anna@other.example", "other"},
      {SMTP, HOUR, ANNA, "anna@acme.example", "acme"}},
     DAY,
     ANNA,
     "anna@acme.example"},
    {"a login that is refused says nothing",
     false,
     {{REFUSED, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     ANNA,
     NOBODY},
    {"a window's user sends by that name as well",
     false,
     {{IMAP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     ANNA,
     "anna@acme.example"},
    {"and counts among those who are called the same",
     false,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}, {IMAP, 1, ANNA, "anna@other.example", "other"}},
     2,
     ANNA,
     MANY},
    {"many may stand behind an address, each with a name of his own",
     true,
     {{SMTP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     ANNA,
     "anna@acme.example"},
    {"where no window opens there is no note of it",
     true,
     {{IMAP, 0, ANNA, "anna@acme.example", "acme"}},
     1,
     ANNA,
     NOBODY},
    {"a client without an address has none",
     false,
     {{SMTP, 0, "", "anna", "anna@acme.example", "acme"}},
     1,
     "",
     "anna",
     NOBODY},
    {"what an account owns says as whom it is looked up",
     false,
     {{SMTP, 0, "192.0.2.1", "anna@acme.example", "boss@acme.example", "acme"}},
     1,
     "192.0.2.1",
     "anna@acme.example",
     "boss@acme.example"},
};
static const struct limits no_limits;

static struct deadline
soon(void)
{
    return deadline_after(ENGINE_WAIT_MS);
}

static void
log_in(struct store *store, const struct screening_rules *rules, size_t i, size_t j)
{
    const char *account = cases[i].logins[j].account, *login = cases[i].logins[j].login;
    const int64_t now_ms = EPOCH + cases[i].logins[j].at_ms;
    const struct attempt_question question = {.client = client_of(cases[i].logins[j].client),
                                              .organization = cases[i].logins[j].organization,
                                              .login = login};
    struct identity identity = {.client = question.client};
    struct window window = {.client = question.client, .opened_ms = now_ms};
    snprintf(identity.name, sizeof identity.name, "%s", account);
    snprintf(identity.login, sizeof identity.login, "%s", login);
    snprintf(window.name, sizeof window.name, "%s", account);
    snprintf(window.login, sizeof window.login, "%s", login);
    const enum how how = cases[i].logins[j].how;
    const struct attempt_result result = {.outcome = VERIFY_OK,
                                          .was_verified = true,
                                          .is_accepted = how != REFUSED,
                                          .account = account,
                                          .window = how == IMAP ? &window : NULL,
                                          .identity = how == IMAP ? NULL : &identity};
    struct attempt attempt;
    struct attempt_end end;
    attempt_begin(store, rules, &question, now_ms, soon(), &attempt);
    assert_true(attempt.is_counted);
    attempt_end(store, rules, &question, &attempt, &result, now_ms, soon(), &end);
}

static const char *
tell(const struct client_answer *answer)
{
    if (answer->is_ambiguous)
        return answer->has_identity ? "both" : MANY;
    return answer->has_identity ? answer->identity.login : NOBODY;
}

static void
run_case(size_t i, enum store_engine_name engine)
{
    struct list *never = list_of(cases[i].is_exempt ? "192.0.2.0/24" : NULL);
    const struct screen screen = {.mode = SCREEN_ENFORCE,
                                  .ban_ms = {HOUR},
                                  .ban_count = 1,
                                  .ipv4_prefix = 32,
                                  .ipv6_prefix = 64,
                                  .never = never};
    const int64_t window_ms = 15 * MINUTE;
    bool has_windows = false;
    for (size_t j = 0; j < LOGINS_MAX; j++)
        has_windows |= cases[i].logins[j].how == IMAP;
    const struct screening_rules rules = {.screen = &screen,
                                          .limits = &no_limits,
                                          .longest_window_ms = has_windows ? window_ms : 0,
                                          .place_ms = PLACE_MS};
    struct store *store = engines_open(engine);
    for (size_t j = 0; j < LOGINS_MAX && cases[i].logins[j].client != NULL; j++)
        log_in(store, &rules, i, j);
    const struct client_question question = {.client = client_of(cases[i].client),
                                             .user = cases[i].account};
    struct client_answer answer;
    client_recall(store, &rules, &question, EPOCH + cases[i].at_ms, soon(), &answer);
    if (strcmp(tell(&answer), cases[i].want) != 0)
        fail_msg("%s (%s): \"%s\"", cases[i].name, engines_name(engine), tell(&answer));
    assert_false(answer.is_down);
    if (answer.has_identity) {
        assert_string_equal(answer.identity.name, cases[i].account);
        assert_true(netaddr_equal(&answer.identity.client, &question.client));
    }
    store_close(store);
    list_free(never);
}

static void
test_identities(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++)
        for (size_t j = 0; j < sizeof cases / sizeof cases[0] && engines_have(all_engines[i]); j++)
            run_case(j, all_engines[i]);
}

static void
test_which_logins_are_to_be_noted(void **unused)
{
    (void)unused;
    assert_true(identity_is_needed("anna", "anna@acme.example"));
    assert_true(identity_is_needed("anna", "anna"));
    assert_true(identity_is_needed("anna@acme.example", "boss@acme.example"));
    assert_false(identity_is_needed("anna@acme.example", "anna@acme.example"));
}

/* Whatever is in the store, by a fault or another version: no login. What was not asked: nobody
 * knows. */
static void
test_what_makes_no_sense_is_none(void **unused)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t length;
        bool was_run;
        enum identity_found want;
    } records[] = {
        {"a login", "anna@acme.example", 17, true, IDENTITY_FOUND},
        {"nothing", "", 0, true, IDENTITY_NONE},
        {"a control character", "anna\n@acme.example", 18, true, IDENTITY_NONE},
        {"a NUL", "anna\0@acme.example", 18, true, IDENTITY_NONE},
        {"what was not asked", "anna@acme.example", 17, false, IDENTITY_CANNOT_TELL},
    };
    (void)unused;
    const struct netaddr client = client_of("192.0.2.1");
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct store_value value = {.length = records[i].length};
        struct store_op ops[IDENTITY_OPS];
        struct identity identity;
        memcpy(value.bytes, records[i].bytes, records[i].length);
        assert_true(identity_ops_get(&client, "anna", 0, &value, ops));
        for (size_t j = 0; j < IDENTITY_OPS; j++)
            ops[j].was_run = records[i].was_run;
        ops[0].hit = true;
        if (identity_read(ops, &client, "anna", &identity) != records[i].want)
            fail_msg("%s", records[i].name);
    }
    struct store_value longest = {.length = STORE_VALUE_MAX};
    struct store_op ops[IDENTITY_OPS];
    struct identity identity;
    memset(longest.bytes, 'x', sizeof longest.bytes);
    assert_true(identity_ops_get(&client, "anna", 0, &longest, ops));
    ops[0].was_run = ops[1].was_run = ops[0].hit = true;
    assert_int_equal(identity_read(ops, &client, "anna", &identity), IDENTITY_NONE);
    assert_false(identity_ops_get(&client, "", 0, &longest, ops));
}

/* A name that a window or a login may have gives a note, to the last byte. */
static void
test_the_longest_names_come_back(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENGINES; i++) {
        if (!engines_have(all_engines[i]))
            continue;
        struct store *store = engines_open(all_engines[i]);
        struct identity identity = {.client = client_of("2001:db8::1")}, found;
        struct store_op put[IDENTITY_OPS], get[IDENTITY_OPS];
        struct store_value value;
        memset(identity.name, 'x', USERNAME_MAX);
        memset(identity.login, 'y', USERNAME_MAX);
        assert_true(identity_ops_put(&identity, "acme", 0, put));
        assert_int_equal(store_run(store, put, IDENTITY_OPS, EPOCH, soon(), NULL), 0);
        assert_true(identity_ops_get(&identity.client, identity.name, 0, &value, get));
        assert_int_equal(store_run(store, get, IDENTITY_OPS, EPOCH, soon(), NULL), 0);
        assert_int_equal(identity_read(get, &identity.client, identity.name, &found),
                         IDENTITY_FOUND);
        assert_string_equal(found.login, identity.login);
        store_close(store);
    }
}

/* Then who it is cannot be told: that is not "nobody". */
static void
test_a_store_that_is_down_says_so(void **unused)
{
    (void)unused;
    struct store *store = engines_open_down();
    const struct screen screen = {.mode = SCREEN_OFF, .ban_count = 1, .ipv4_prefix = 32};
    const struct screening_rules rules = {.screen = &screen, .limits = &no_limits};
    const struct client_question question = {.client = client_of("192.0.2.1"), .user = "anna"};
    struct client_answer answer;
    client_recall(store, &rules, &question, EPOCH, soon(), &answer);
    assert_true(answer.is_down);
    assert_false(answer.has_identity);
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_which_logins_are_to_be_noted),
        cmocka_unit_test(test_what_makes_no_sense_is_none),
        cmocka_unit_test(test_the_longest_names_come_back),
        cmocka_unit_test(test_a_store_that_is_down_says_so),
    };
    return cmocka_run_group_tests(tests, engines_start, engines_stop);
}
