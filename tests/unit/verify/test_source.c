/* What an opened source adds to its kind: memory, counters, forgetting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source.h"

struct fake {
    struct section section;
    struct login_lifetimes lifetimes;
    enum verify_outcome verify, lookup;
    enum knowledge recipient;
    bool has_answered;
    int verified, looked_up, asked_for_knowledge, pretended;
};

static void *
fake_open(const struct section *section, struct problems *problems)
{
    (void)problems;
    return section->values;
}

static void
fake_close(void *self)
{
    (void)self;
}

static void
fake_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    fake->verified++;
    result_r->outcome = fake->verify;
    result_r->has_answered = fake->has_answered;
    snprintf(result_r->detail, sizeof result_r->detail, "asked");
    if (fake->verify == VERIFY_OK)
        snprintf(result_r->account.name, sizeof result_r->account.name, "b.%s",
                 request->user->text);
}

static void
fake_lookup(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    (void)request;
    struct fake *fake = self;
    fake->looked_up++;
    result_r->outcome = fake->lookup;
}

static struct login_lifetimes
fake_lifetimes(const void *self)
{
    return ((const struct fake *)self)->lifetimes;
}

static enum knowledge
fake_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)user;
    (void)deadline;
    ((struct fake *)self)->asked_for_knowledge++;
    return KNOWLEDGE_UNKNOWN;
}

static void
fake_recipient(void *self, const struct mailbox *recipient, const char *address,
               struct deadline deadline, struct recipient_result *result_r)
{
    (void)recipient;
    (void)deadline;
    result_r->knowledge = ((struct fake *)self)->recipient;
    snprintf(result_r->name, sizeof result_r->name, "b.%s", address);
}

static struct recipient_lifetimes
fake_recipient_lifetimes(const void *self)
{
    (void)self;
    return (struct recipient_lifetimes){.known_ms = 600000, .unknown_ms = 600000};
}

static void
fake_pretend(void *self, const struct verify_request *request)
{
    (void)request;
    ((struct fake *)self)->pretended++;
}

static void
fake_load(void *self, struct source_load *load_r)
{
    (void)self;
    *load_r = (struct source_load){.servers = 2, .servers_down = 1, .places = 8, .inside = 3};
}

static const struct source_kind kind = {
    .open = fake_open,
    .verify = fake_verify,
    .lookup = fake_lookup,
    .knows = fake_knows,
    .login_lifetimes = fake_lifetimes,
    .load = fake_load,
    .recipient = fake_recipient,
    .recipient_lifetimes = fake_recipient_lifetimes,
    .pretend = fake_pretend,
    .close = fake_close,
};

static const struct login_lifetimes long_ones = {.right_ms = 600000, .wrong_ms = 600000};

static struct source *
open_fake(struct fake *fake, struct login_lifetimes lifetimes)
{
    *fake = (struct fake){.section = {.name = "directory", .values = fake},
                          .lifetimes = lifetimes,
                          .verify = VERIFY_OK,
                          .lookup = VERIFY_OK,
                          .recipient = KNOWLEDGE_KNOWN};
    return source_open_as(&kind, &fake->section, NULL);
}

/* password may be NULL: a look-up. */
static struct verify_result
ask(struct source *source, const char *password)
{
    const struct username user = {.text = "anna"};
    struct secret secret;
    struct verify_result result;
    secret_init(&secret);
    struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
    if (password != NULL) {
        secret_set(&secret, password, strlen(password));
        request.password = &secret;
        source_verify(source, &request, &result);
    } else {
        source_lookup(source, &request, &result);
    }
    secret_fini(&secret);
    return result;
}

static void
test_a_login_is_asked_about_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct login_lifetimes lifetimes;
        const char *password;
        enum verify_outcome outcome;
        bool want_cached;
    } cases[] = {
        {"right", {.right_ms = 600000}, "one", VERIFY_OK, true},
        {"wrong", {.wrong_ms = 600000}, "one", VERIFY_WRONG_PASSWORD, true},
        {"a look-up", {.right_ms = 600000}, NULL, VERIFY_OK, true},
        {"locked", {.right_ms = 600000, .wrong_ms = 600000}, "one", VERIFY_LOCKED, false},
        {"an outage", {.right_ms = 600000, .wrong_ms = 600000}, "one", VERIFY_UNAVAILABLE, false},
        {"with lifetimes of nothing it is asked again", {0}, "one", VERIFY_OK, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        print_message("%s\n", cases[i].name);
        struct source *source = open_fake(&fake, cases[i].lifetimes);
        fake.verify = fake.lookup = cases[i].outcome;
        struct verify_result first = ask(source, cases[i].password);
        struct verify_result again = ask(source, cases[i].password);
        assert_int_equal(first.outcome, cases[i].outcome);
        assert_int_equal(again.outcome, cases[i].outcome);
        assert_false(first.was_cached);
        assert_int_equal(again.was_cached, cases[i].want_cached);
        assert_string_equal(again.account.name, first.account.name);
        assert_string_equal(again.rule.section_name, "directory");
        assert_int_equal(fake.verified + fake.looked_up, cases[i].want_cached ? 1 : 2);
        verify_result_fini(&first);
        verify_result_fini(&again);
        source_close(source);
    }
}

static void
test_an_outage_is_bridged_where_that_is_wanted(void **state)
{
    (void)state;
    struct fake fake;
    struct source *source = open_fake(&fake, (struct login_lifetimes){.when_down = true});
    struct verify_result result = ask(source, "one");
    verify_result_fini(&result);
    fake.verify = VERIFY_UNAVAILABLE;
    result = ask(source, "one");
    assert_int_equal(result.outcome, VERIFY_OK);
    assert_true(result.was_stale);
    assert_non_null(strstr(result.detail, ", because: asked"));
    verify_result_fini(&result);
    result = ask(source, "two");
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    assert_false(result.was_stale);
    verify_result_fini(&result);
    assert_int_equal(fake.verified, 3);
    source_close(source);
}

/* An administrator shuts accounts in ways that cannot be judged: he takes the password away. */
static void
test_what_the_source_said_of_the_account_is_not_bridged(void **state)
{
    (void)state;
    struct fake fake;
    struct source *source = open_fake(&fake, (struct login_lifetimes){.when_down = true});
    struct verify_result result = ask(source, "one");
    verify_result_fini(&result);
    fake.verify = VERIFY_UNAVAILABLE;
    fake.has_answered = true;
    result = ask(source, "one");
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    verify_result_fini(&result);
    fake.has_answered = false;
    result = ask(source, "one"); /* an outage afterwards */
    assert_int_equal(result.outcome, VERIFY_UNAVAILABLE);
    verify_result_fini(&result);
    source_close(source);
}

static void
test_what_is_counted(void **state)
{
    (void)state;
    struct fake fake;
    const struct mailbox recipient = {.local = "anna", .domain = "acme.example"};
    struct recipient_result about;
    struct source_stats stats;
    struct source *source = open_fake(
        &fake, (struct login_lifetimes){.right_ms = 600000, .wrong_ms = 0, .when_down = true});
    static const struct {
        enum verify_outcome outcome;
        const char *password;
    } asked[] = {
        {VERIFY_OK, "one"},          {VERIFY_OK, "one"}, {VERIFY_WRONG_PASSWORD, "two"},
        {VERIFY_UNAVAILABLE, "two"}, {VERIFY_OK, NULL},  {VERIFY_OK, NULL},
        {VERIFY_LOCKED, "three"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        fake.verify = fake.lookup = asked[i].outcome;
        struct verify_result result = ask(source, asked[i].password);
        verify_result_fini(&result);
    }
    source_recipient(source, &recipient, (struct deadline){INT64_MAX}, &about);
    source_recipient(source, &recipient, (struct deadline){INT64_MAX}, &about);

    source_stats(source, &stats);
    assert_int_equal(stats.outcomes[VERIFY_OK], 4);
    assert_int_equal(stats.outcomes[VERIFY_WRONG_PASSWORD], 1);
    assert_int_equal(stats.outcomes[VERIFY_UNAVAILABLE], 1);
    assert_int_equal(stats.outcomes[VERIFY_LOCKED], 1);
    assert_int_equal(stats.outcomes[VERIFY_UNKNOWN_USER], 0);
    assert_int_equal(stats.from_cache, 2);
    assert_int_equal(stats.from_stale_cache, 0);
    assert_int_equal(stats.logins_kept, 2);
    assert_int_equal(stats.recipients, 2);
    assert_int_equal(stats.recipients_from_cache, 1);
    assert_int_equal(stats.recipients_kept, 1);
    assert_int_equal(stats.load.servers_down, 1);
    assert_int_equal(stats.load.inside, 3);
    source_close(source);
}

/* Strangers who make up names fill no memory, and push no right answer out. */
static void
test_so_many_logins_are_remembered_and_no_more(void **state)
{
    (void)state;
    enum { NAMES = 70000, KEPT = 65536 };
    struct fake fake;
    struct source *source = open_fake(&fake, long_ones);
    struct verify_result result = ask(source, "one");
    verify_result_fini(&result);
    fake.lookup = VERIFY_UNKNOWN_USER;
    for (unsigned i = 0; i < NAMES; i++) {
        struct username user = {0};
        snprintf(user.text, sizeof user.text, "nobody%u", i);
        const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
        source_lookup(source, &request, &result);
        verify_result_fini(&result);
    }
    struct source_stats stats;
    source_stats(source, &stats);
    assert_int_equal(stats.logins_kept, KEPT + 1); /* the right one has a place of its own */
    result = ask(source, "one");
    assert_true(result.was_cached);
    verify_result_fini(&result);
    source_close(source);
}

static void
test_what_is_forgotten(void **state)
{
    (void)state;
    static const struct {
        const char *name, *flushed;
        size_t want;
    } cases[] = {
        {"a login name", "anna", 2},
        {"the account's own name", "B.Anna", 1},
        {"an address", "anna@acme.example", 1},
        {"the name of the account that an address leads to", "b.anna@acme.example", 1},
        {"somebody else", "bert", 0},
        {"all", NULL, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        const struct mailbox recipient = {.local = "anna", .domain = "acme.example"};
        struct recipient_result about;
        print_message("%s\n", cases[i].name);
        struct source *source = open_fake(&fake, long_ones);
        struct verify_result right = ask(source, "one");
        fake.verify = VERIFY_UNKNOWN_USER;
        struct verify_result other = ask(source, "two");
        fake.verify = VERIFY_OK;
        struct verify_result again = ask(source, "one"); /* it went when nobody had the name */
        verify_result_fini(&right);
        verify_result_fini(&other);
        verify_result_fini(&again);
        fake.verify = VERIFY_WRONG_PASSWORD;
        other = ask(source, "two");
        verify_result_fini(&other);
        source_recipient(source, &recipient, (struct deadline){INT64_MAX}, &about);
        assert_int_equal(source_flush(source, cases[i].flushed), cases[i].want);
        assert_int_equal(source_flush(source, NULL), 3 - cases[i].want);
        source_close(source);
    }
}

/* Whether the name is ambiguous must not cost a question to another source at each login. */
static void
test_who_else_has_a_name_is_remembered_too(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct login_lifetimes lifetimes;
        enum verify_outcome lookup;
        enum verify_outcome want;
        int want_looked_up, want_asked;
    } cases[] = {
        {"nobody else", {.wrong_ms = 600000}, VERIFY_UNKNOWN_USER, VERIFY_OK, 1, 0},
        {"somebody else", {.right_ms = 600000}, VERIFY_OK, VERIFY_AMBIGUOUS, 1, 0},
        {"somebody who may not log in",
         {.right_ms = 600000},
         VERIFY_DISABLED,
         VERIFY_AMBIGUOUS,
         2,
         0},
        {"nobody knows", {.right_ms = 600000}, VERIFY_UNAVAILABLE, VERIFY_OK, 2, 0},
        {"nothing is remembered", {0}, VERIFY_OK, VERIFY_OK, 0, 2},
    };
    const struct username user = {.text = "anna"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake first, second;
        struct source *sources[] = {open_fake(&first, long_ones),
                                    open_fake(&second, cases[i].lifetimes)};
        struct source_chain *chain = source_chain_create(NULL, 0, sources, 2, AMBIGUOUS_REFUSE);
        struct secret secret;
        print_message("%s\n", cases[i].name);
        second.lookup = cases[i].lookup;
        secret_init(&secret);
        secret_set(&secret, "one", 3);
        const struct verify_request request = {
            .user = &user, .password = &secret, .deadline = {INT64_MAX}};
        for (int round = 0; round < 2; round++) {
            struct verify_result result;
            source_chain_verify(chain, &request, &result, NULL);
            assert_int_equal(result.outcome, cases[i].want);
            verify_result_fini(&result);
        }
        assert_int_equal(first.verified, 1);
        assert_int_equal(second.looked_up, cases[i].want_looked_up);
        assert_int_equal(second.asked_for_knowledge, cases[i].want_asked);
        secret_fini(&secret);
        source_chain_free(chain);
        source_close(sources[0]);
        source_close(sources[1]);
    }
}

static void
test_no_time_is_spent_for_what_is_remembered(void **state)
{
    (void)state;
    struct fake fake;
    struct source *source = open_fake(&fake, long_ones);
    struct source_chain *chain = source_chain_create(NULL, 0, &source, 1, AMBIGUOUS_REFUSE);
    const struct username user = {.text = "anna"};
    const char *passwords[] = {"one", "one", "two"};
    const int want_pretended[] = {1, 1, 2};
    fake.verify = VERIFY_UNKNOWN_USER;
    for (size_t i = 0; i < 3; i++) {
        struct secret secret;
        struct verify_result result;
        secret_init(&secret);
        secret_set(&secret, passwords[i], 3);
        const struct verify_request request = {
            .user = &user, .password = &secret, .deadline = {INT64_MAX}};
        source_chain_verify(chain, &request, &result, NULL);
        assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
        assert_int_equal(fake.verified, want_pretended[i]);
        assert_int_equal(fake.pretended, want_pretended[i]);
        verify_result_fini(&result);
        secret_fini(&secret);
    }
    source_chain_free(chain);
    source_close(source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_login_is_asked_about_once),
        cmocka_unit_test(test_an_outage_is_bridged_where_that_is_wanted),
        cmocka_unit_test(test_what_the_source_said_of_the_account_is_not_bridged),
        cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_so_many_logins_are_remembered_and_no_more),
        cmocka_unit_test(test_what_is_forgotten),
        cmocka_unit_test(test_who_else_has_a_name_is_remembered_too),
        cmocka_unit_test(test_no_time_is_spent_for_what_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
