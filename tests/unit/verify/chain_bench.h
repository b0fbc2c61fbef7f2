/*
 * chain_bench: a chain of a users file and two directories that say what they are set to, and
 * count what they are asked.
 */
#ifndef MAILREEVE_TEST_CHAIN_BENCH_H
#define MAILREEVE_TEST_CHAIN_BENCH_H

#include <stdio.h>
#include <string.h>

#include "app_password.h"
#include "source.h"

static const char login_name[] = "boss@acme.example", account_name[] = "b.oss@acme.example";
static const struct list *const networks_of_phone = (const struct list *)&login_name;

/* What a source says; the keeper of app passwords is one too. */
struct fake {
    struct section section;
    /* what it is set to */
    enum app_passwords taken;
    bool knows_clear;
    enum verify_outcome verify, lookup;
    const char *account; /* NULL: the login name */
    const char *app_for; /* whose app password is known here; NULL: nobody's */
    int app_answer;
    enum knowledge knowledge;
    /* what it was asked */
    int verified, looked_up, found, used, pretended;
};

static int held_things;

/* The name of an app password, which is gone with the last who holds it. */
static char phone[] = "phone";
static int phone_holds;

static inline void
drop(void *thing)
{
    assert_ptr_equal(thing, &held_things);
    held_things--;
}

static inline void
drop_phone(void *thing)
{
    drop(thing);
    if (--phone_holds == 0)
        phone[0] = '?';
}

static inline struct held *
hold(void)
{
    held_things++;
    return held_create(&held_things, drop);
}

static inline void *
fake_open(const struct section *section, struct problems *problems)
{
    (void)problems;
    return section->values;
}

static inline void
fake_close(void *self)
{
    (void)self;
}

static inline void
say(const struct fake *fake, const struct verify_request *request, enum verify_outcome outcome,
    struct verify_result *result_r)
{
    result_r->outcome = outcome;
    result_r->held = hold();
    if (outcome == VERIFY_UNAVAILABLE || outcome == VERIFY_UNKNOWN_USER)
        return;
    snprintf(result_r->account.name, sizeof result_r->account.name, "%s",
             fake->account != NULL ? fake->account : request->user->text);
    result_r->account.route = "mail7";
}

static inline void
fake_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    fake->verified++;
    say(fake, request, fake->verify, result_r);
}

static inline void
fake_lookup(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    assert_null(request->password);
    fake->looked_up++;
    say(fake, request, fake->lookup, result_r);
}

static inline bool
fake_knows_clear(const void *self)
{
    return ((const struct fake *)self)->knows_clear;
}

static inline enum app_passwords
fake_app_passwords(const void *self)
{
    return ((const struct fake *)self)->taken;
}

static inline void
fake_find(void *self, const char *name, const struct secret *password, struct app_answer *answer_r)
{
    struct fake *fake = self;
    assert_non_null(password);
    fake->found++;
    answer_r->held = held_create(&held_things, drop_phone);
    held_things++;
    phone_holds++;
    phone[0] = 'p';
    if (fake->app_for == NULL || strcmp(fake->app_for, name) != 0)
        return;
    answer_r->has_any = true;
    answer_r->answer = fake->app_answer;
    answer_r->name = phone;
    answer_r->networks = networks_of_phone;
    answer_r->origin = (struct origin){"users", 9};
}

static inline void
fake_use(void *self, const struct app_answer *answer)
{
    struct fake *fake = self;
    assert_string_equal(answer->name, "phone");
    assert_non_null(answer->held);
    fake->used++;
}

static inline enum knowledge
fake_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)user;
    (void)deadline;
    return ((struct fake *)self)->knowledge;
}

static inline void
fake_pretend(void *self, const struct verify_request *request)
{
    (void)request;
    ((struct fake *)self)->pretended++;
}

static const struct source_kind users_kind = {
    .asked_first = true,
    .open = fake_open,
    .verify = fake_verify,
    .lookup = fake_lookup,
    .knows_clear = fake_knows_clear,
    .app_passwords = fake_app_passwords,
    .find_app_password = fake_find,
    .use_app_password = fake_use,
    .pretend = fake_pretend,
    .close = fake_close,
};
static const struct source_kind directory_kind = {
    .open = fake_open,
    .verify = fake_verify,
    .lookup = fake_lookup,
    .knows = fake_knows,
    .knows_clear = fake_knows_clear,
    .app_passwords = fake_app_passwords,
    .pretend = fake_pretend,
    .close = fake_close,
};
static const struct source_kind server_kind = {
    .open = fake_open, .verify = fake_verify, .close = fake_close};

enum { USERS, FIRST, SECOND, SOURCES };

struct bench {
    struct fake *fakes;
    struct source *sources[SOURCES];
    struct source_chain *chain;
};

/* fakes: the users file and two directories, which have not the name too unless they say so. */
static inline void
bench_open(struct bench *bench, struct fake fakes[SOURCES])
{
    static const struct source_kind *const kinds[SOURCES] = {&users_kind, &directory_kind,
                                                             &directory_kind};
    static const char *const names[SOURCES] = {"users", "first", "second"};
    *bench = (struct bench){.fakes = fakes};
    for (size_t i = 0; i < SOURCES; i++) {
        fakes[i].section =
            (struct section){.name = names[i], .values = &fakes[i], .origin = {"conf", 7}};
        if (fakes[i].knowledge == KNOWLEDGE_NOT_ASKED)
            fakes[i].knowledge = KNOWLEDGE_UNKNOWN;
        bench->sources[i] = source_open_as(kinds[i], &fakes[i].section, NULL);
    }
    bench->chain =
        source_chain_create(bench->sources, 1, bench->sources + 1, SOURCES - 1, AMBIGUOUS_REFUSE);
}

static inline void
bench_close(struct bench *bench)
{
    source_chain_free(bench->chain);
    for (size_t i = 0; i < SOURCES; i++)
        source_close(bench->sources[i]);
    assert_int_equal(held_things, 0);
}

static inline void
bench_verify(const struct bench *bench, const struct secret *password,
             const struct challenge *challenge, struct verify_result *result_r,
             struct verify_asked *asked_r)
{
    struct username user = {.local_length = 4};
    snprintf(user.text, sizeof user.text, "%s", login_name);
    const struct verify_request request = {
        .user = &user, .password = password, .challenge = challenge, .deadline = {INT64_MAX}};
    source_chain_verify(bench->chain, &request, result_r, asked_r);
}

struct app_case {
    const char *name;
    void (*make_password)(struct secret *password_r);
    struct fake fakes[SOURCES];
    enum verify_outcome want;
    const char *want_said; /* "source outcome" of each step, with a comma behind each */
    int want_used, want_pretended;
};

#define NOBODY                                                                                     \
    {                                                                                              \
        .taken = APP_PASSWORDS_ALLOW, .verify = VERIFY_UNKNOWN_USER, .lookup = VERIFY_UNKNOWN_USER \
    }
#define KEEPER(whose, says)                                                     \
    {                                                                           \
        .taken = APP_PASSWORDS_ALLOW, .verify = VERIFY_UNKNOWN_USER,            \
        .lookup = VERIFY_UNKNOWN_USER, .app_for = (whose), .app_answer = (says) \
    }
#define DIRECTORY(takes, password_is, account_is)                                       \
    {                                                                                   \
        .taken = APP_PASSWORDS_##takes, .verify = (password_is), .lookup = (account_is) \
    }
#define ALIASES(takes, password_is, account_is)                                          \
    {                                                                                    \
        .taken = APP_PASSWORDS_##takes, .verify = (password_is), .lookup = (account_is), \
        .account = account_name                                                          \
    }

static inline void
any_password(struct secret *password_r)
{
    secret_init(password_r);
    secret_set(password_r, "open sesame", 11);
}

static inline void
write_steps(const struct verify_asked *asked, char text_r[512])
{
    size_t length = 0;
    text_r[0] = '\0';
    for (size_t i = 0; i < asked->count; i++)
        length += (size_t)snprintf(text_r + length, 512 - length, "%s %s,", asked->steps[i].source,
                                   verify_outcome_name(asked->steps[i].outcome));
}

static inline void
run(const struct app_case *cases, size_t count, const struct challenge *challenge)
{
    for (size_t i = 0; i < count; i++) {
        struct fake fakes[SOURCES];
        struct bench bench;
        struct secret password;
        struct verify_result result;
        struct verify_asked asked;
        char said[512];
        print_message("%s\n", cases[i].name);
        memcpy(fakes, cases[i].fakes, sizeof fakes);
        cases[i].make_password(&password);
        bench_open(&bench, fakes);
        bench_verify(&bench, &password, challenge, &result, &asked);
        write_steps(&asked, said);
        assert_string_equal(said, cases[i].want_said);
        assert_int_equal(result.outcome, cases[i].want);
        assert_int_equal(fakes[USERS].used, cases[i].want_used);
        int pretended = 0;
        for (size_t j = 0; j < SOURCES; j++) {
            pretended += fakes[j].pretended;
            bool never_asked = fakes[j].taken == APP_PASSWORDS_REQUIRE ||
                               (fakes[j].taken == APP_PASSWORDS_ALLOW &&
                                cases[i].make_password == app_password_make);
            if (never_asked)
                assert_int_equal(fakes[j].verified, 0);
        }
        assert_int_equal(pretended, cases[i].want_pretended);
        bool is_by_app = result.outcome == VERIFY_OK && cases[i].want_used == 1;
        if (result.outcome == VERIFY_OK)
            assert_int_equal(result.account.app_password != NULL, is_by_app);
        if (is_by_app) {
            assert_string_equal(result.account.app_password, "phone");
            assert_ptr_equal(result.account.app_networks, networks_of_phone);
            assert_string_equal(result.account.route, "mail7");
            assert_string_equal(result.rule.section_name, "users");
            assert_string_equal(result.rule.origin.file, "users");
            assert_int_equal(result.rule.origin.line, 9);
            assert_string_equal(result.rule.detail, "app password \"phone\"");
        }
        verify_result_fini(&result);
        secret_fini(&password);
        bench_close(&bench);
    }
}

#define RUN(cases, challenge) run(cases, sizeof(cases) / sizeof(cases)[0], challenge)

#endif
