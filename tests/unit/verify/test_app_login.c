/* App passwords and challenges along a chain: a users file, a directory, and another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

static void
drop(void *thing)
{
    assert_ptr_equal(thing, &held_things);
    held_things--;
}

static void
drop_phone(void *thing)
{
    drop(thing);
    if (--phone_holds == 0)
        phone[0] = '?';
}

static struct held *
hold(void)
{
    held_things++;
    return held_create(&held_things, drop);
}

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

static void
fake_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    fake->verified++;
    say(fake, request, fake->verify, result_r);
}

static void
fake_lookup(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    assert_null(request->password);
    fake->looked_up++;
    say(fake, request, fake->lookup, result_r);
}

static bool
fake_knows_clear(const void *self)
{
    return ((const struct fake *)self)->knows_clear;
}

static enum app_passwords
fake_app_passwords(const void *self)
{
    return ((const struct fake *)self)->taken;
}

static void
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

static void
fake_use(void *self, const struct app_answer *answer)
{
    struct fake *fake = self;
    assert_string_equal(answer->name, "phone");
    assert_non_null(answer->held);
    fake->used++;
}

static enum knowledge
fake_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)user;
    (void)deadline;
    return ((struct fake *)self)->knowledge;
}

static void
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
static void
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

static void
bench_close(struct bench *bench)
{
    source_chain_free(bench->chain);
    for (size_t i = 0; i < SOURCES; i++)
        source_close(bench->sources[i]);
    assert_int_equal(held_things, 0);
}

static void
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

static void
any_password(struct secret *password_r)
{
    secret_init(password_r);
    secret_set(password_r, "open sesame", 11);
}

static void
write_steps(const struct verify_asked *asked, char text_r[512])
{
    size_t length = 0;
    text_r[0] = '\0';
    for (size_t i = 0; i < asked->count; i++)
        length += (size_t)snprintf(text_r + length, 512 - length, "%s %s,", asked->steps[i].source,
                                   verify_outcome_name(asked->steps[i].outcome));
}

static void
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

static const struct app_case logins[] = {
    {"right: the directory is asked about the account alone",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_WRONG_PASSWORD, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users ok,users unknown user,first ok,second unknown user,",
     1,
     0},
    {"right, though it has not the form: somebody chose it",
     any_password,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_WRONG_PASSWORD, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users ok,users unknown user,first ok,second unknown user,",
     1,
     0},
    {"right, where it is required",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(REQUIRE, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users ok,users unknown user,first ok,second unknown user,",
     1,
     0},
    {"right, for the account's own name",
     app_password_make,
     {KEEPER(account_name, APP_RIGHT), ALIASES(ALLOW, VERIFY_WRONG_PASSWORD, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,users ok,second unknown user,",
     1,
     0},
    {"right for the account's own name, required, without the form",
     any_password,
     {KEEPER(account_name, APP_RIGHT), ALIASES(REQUIRE, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,users ok,second unknown user,",
     1,
     0},
    {"right, for the account's own name, which has no domain",
     app_password_make,
     {KEEPER(account_name, APP_RIGHT),
      {.taken = APP_PASSWORDS_ALLOW, .lookup = VERIFY_OK, .account = "b.oss"},
      NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,users ok,second unknown user,",
     1,
     0},
    {"right for such a name, which another tenant's user may have",
     app_password_make,
     {KEEPER("b.oss", APP_RIGHT),
      {.taken = APP_PASSWORDS_ALLOW, .lookup = VERIFY_OK, .account = "b.oss"},
      NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users unknown user,first ok,",
     0,
     0},
    {"right, for the second source's account",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_UNKNOWN_USER, VERIFY_UNKNOWN_USER),
      DIRECTORY(ALLOW, VERIFY_WRONG_PASSWORD, VERIFY_OK)},
     VERIFY_OK,
     "users ok,users unknown user,first unknown user,second ok,",
     1,
     0},
    {"right, but the account is disabled",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_DISABLED), NOBODY},
     VERIFY_DISABLED,
     "users ok,users unknown user,first disabled,",
     0,
     0},
    {"right, but nobody has the account",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_UNKNOWN_USER), NOBODY},
     VERIFY_UNKNOWN_USER,
     "users ok,users unknown user,first unknown user,second unknown user,",
     0,
     0},
    {"right, but the directory is away",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_UNAVAILABLE), NOBODY},
     VERIFY_UNAVAILABLE,
     "users ok,users unknown user,first unavailable,second unknown user,",
     0,
     0},
    {"right, but the directory takes none",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT), DIRECTORY(NO, VERIFY_WRONG_PASSWORD, VERIFY_OK), NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users ok,users unknown user,first wrong password,",
     0,
     0},
    {"expired",
     app_password_make,
     {KEEPER(login_name, APP_EXPIRED), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_PASSWORD_EXPIRED,
     "users password expired,users unknown user,first ok,",
     0,
     0},
    {"expired, of an account that nobody has",
     app_password_make,
     {KEEPER(login_name, APP_EXPIRED), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_UNKNOWN_USER), NOBODY},
     VERIFY_UNKNOWN_USER,
     "users password expired,users unknown user,first unknown user,second unknown user,",
     0,
     0},
    {"none: the directory is asked about the password",
     any_password,
     {KEEPER(login_name, APP_UNKNOWN), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,second unknown user,",
     0,
     0},
    {"none, but it has the form: never sent to the directory",
     app_password_make,
     {KEEPER(login_name, APP_UNKNOWN), DIRECTORY(ALLOW, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users unknown user,first ok,",
     0,
     0},
    {"none with the form, of a name that nobody has: as quickly",
     app_password_make,
     {NOBODY, NOBODY, NOBODY},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     0},
    {"none with the form, and the second source takes none",
     app_password_make,
     {NOBODY, NOBODY, DIRECTORY(NO, VERIFY_UNKNOWN_USER, VERIFY_OK)},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     1},
    {"none with the form, and the directory is away",
     app_password_make,
     {NOBODY, DIRECTORY(ALLOW, VERIFY_OK, VERIFY_UNAVAILABLE), NOBODY},
     VERIFY_UNAVAILABLE,
     "users unknown user,first unavailable,second unknown user,",
     0,
     0},
    {"none, where one is required",
     any_password,
     {NOBODY, DIRECTORY(REQUIRE, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users unknown user,first ok,",
     0,
     0},
    {"where one is required of a name that nobody has, the next source is asked",
     any_password,
     {NOBODY, DIRECTORY(REQUIRE, VERIFY_OK, VERIFY_UNKNOWN_USER),
      DIRECTORY(ALLOW, VERIFY_OK, VERIFY_OK)},
     VERIFY_OK,
     "users unknown user,first unknown user,second ok,",
     0,
     0},
    {"of a local user",
     app_password_make,
     {{.taken = APP_PASSWORDS_ALLOW,
       .verify = VERIFY_WRONG_PASSWORD,
       .lookup = VERIFY_OK,
       .app_for = login_name,
       .app_answer = APP_RIGHT},
      NOBODY,
      NOBODY},
     VERIFY_OK,
     "users ok,users ok,",
     1,
     0},
    {"none of a local user's",
     app_password_make,
     {{.taken = APP_PASSWORDS_ALLOW, .verify = VERIFY_OK, .lookup = VERIFY_OK}, NOBODY, NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users ok,",
     0,
     0},
    {"a local user's own password",
     any_password,
     {{.taken = APP_PASSWORDS_ALLOW, .verify = VERIFY_OK, .lookup = VERIFY_OK}, NOBODY, NOBODY},
     VERIFY_OK,
     "users ok,",
     0,
     0},
    {"right, but the second source has the name too: not used",
     app_password_make,
     {KEEPER(login_name, APP_RIGHT),
      DIRECTORY(ALLOW, VERIFY_OK, VERIFY_OK),
      {.taken = APP_PASSWORDS_NO, .knowledge = KNOWLEDGE_KNOWN}},
     VERIFY_AMBIGUOUS,
     "users ok,users unknown user,first ok,second ambiguous,",
     0,
     0},
    {"a name that nobody has costs time",
     any_password,
     {NOBODY, NOBODY, NOBODY},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     1},
    {"a name that nobody has costs none where no password is asked about",
     any_password,
     {NOBODY, NOBODY, DIRECTORY(REQUIRE, VERIFY_OK, VERIFY_UNKNOWN_USER)},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     0},
};

static void
test_app_passwords(void **state)
{
    (void)state;
    RUN(logins, NULL);
}

static const struct app_case answers[] = {
    {"nobody can tell",
     any_password,
     {NOBODY, DIRECTORY(NO, VERIFY_OK, VERIFY_OK), NOBODY},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,second no clear password,",
     0,
     0},
    {"who cannot tell is passed over",
     any_password,
     {NOBODY, DIRECTORY(NO, VERIFY_OK, VERIFY_OK), {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_OK,
     "users no clear password,first no clear password,second ok,",
     0,
     0},
    {"but whoever has the name decides, though he cannot tell",
     any_password,
     {NOBODY,
      {.verify = VERIFY_OK, .lookup = VERIFY_OK, .knowledge = KNOWLEDGE_KNOWN},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"and whoever found the name and no clear password",
     any_password,
     {NOBODY,
      {.knows_clear = true, .verify = VERIFY_NO_CLEAR_PASSWORD},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"whoever requires app passwords and has the name decides, too",
     any_password,
     {NOBODY,
      {.taken = APP_PASSWORDS_REQUIRE, .knows_clear = true, .knowledge = KNOWLEDGE_KNOWN},
      {.knows_clear = true, .verify = VERIFY_OK}},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first no clear password,",
     0,
     0},
    {"an outage there is one",
     any_password,
     {NOBODY,
      {.verify = VERIFY_OK, .knowledge = KNOWLEDGE_CANNOT_TELL},
      {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}},
     VERIFY_UNAVAILABLE,
     "users no clear password,first unavailable,second wrong password,",
     0,
     0},
    {"and is what is told, if the others do not know the name",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER}, NOBODY},
     VERIFY_NO_CLEAR_PASSWORD,
     "users no clear password,first unknown user,second no clear password,",
     0,
     0},
    {"an outage weighs more",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_UNAVAILABLE}, NOBODY},
     VERIFY_UNAVAILABLE,
     "users no clear password,first unavailable,second no clear password,",
     0,
     0},
    {"wrong is wrong",
     any_password,
     {NOBODY, {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}, NOBODY},
     VERIFY_WRONG_PASSWORD,
     "users no clear password,first wrong password,",
     0,
     0},
    {"app passwords are never asked about",
     any_password,
     {{.taken = APP_PASSWORDS_ALLOW,
       .knows_clear = true,
       .verify = VERIFY_UNKNOWN_USER,
       .app_for = login_name,
       .app_answer = APP_RIGHT},
      {.taken = APP_PASSWORDS_ALLOW, .knows_clear = true, .verify = VERIFY_OK},
      NOBODY},
     VERIFY_OK,
     "users unknown user,first ok,second unknown user,",
     0,
     0},
    {"so who requires them cannot tell",
     any_password,
     {NOBODY,
      {.taken = APP_PASSWORDS_REQUIRE, .knows_clear = true, .verify = VERIFY_OK},
      {.knows_clear = true, .verify = VERIFY_WRONG_PASSWORD}},
     VERIFY_WRONG_PASSWORD,
     "users no clear password,first no clear password,second wrong password,",
     0,
     0},
    {"no time is spent for a name that nobody has: who has it spends none",
     any_password,
     {{.knows_clear = true, .verify = VERIFY_UNKNOWN_USER},
      {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER},
      {.knows_clear = true, .verify = VERIFY_UNKNOWN_USER}},
     VERIFY_UNKNOWN_USER,
     "users unknown user,first unknown user,second unknown user,",
     0,
     0},
};

static void
test_challenges(void **state)
{
    (void)state;
    static const struct challenge challenge = {CHALLENGE_CRAM_MD5, "<1@a>", 5};
    RUN(answers, &challenge);
}

static void
test_look_ups(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct fake fakes[SOURCES];
        enum verify_outcome want;
        const char *want_said;
    } cases[] = {
        {"nobody has the name",
         {NOBODY, NOBODY, NOBODY},
         VERIFY_UNKNOWN_USER,
         "users unknown user,first unknown user,second unknown user,"},
        {"the first has it",
         {NOBODY, {.lookup = VERIFY_OK}, NOBODY},
         VERIFY_OK,
         "users unknown user,first ok,second unknown user,"},
        {"both have it",
         {NOBODY, {.lookup = VERIFY_OK}, {.knowledge = KNOWLEDGE_KNOWN}},
         VERIFY_AMBIGUOUS,
         "users unknown user,first ok,second ambiguous,"},
        {"a local user's account ends the questions",
         {{.lookup = VERIFY_OK}, {.lookup = VERIFY_OK}, {.lookup = VERIFY_OK}},
         VERIFY_OK,
         "users ok,"},
        {"disabled ends the questions",
         {NOBODY, {.lookup = VERIFY_DISABLED}, {.lookup = VERIFY_OK}},
         VERIFY_DISABLED,
         "users unknown user,first disabled,"},
        {"an outage is not unknown",
         {NOBODY, {.lookup = VERIFY_UNAVAILABLE}, NOBODY},
         VERIFY_UNAVAILABLE,
         "users unknown user,first unavailable,second unknown user,"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fakes[SOURCES];
        struct bench bench;
        struct verify_result result;
        struct verify_asked asked;
        bool could_tell = false;
        char said[512];
        const struct username user = {.text = "boss@acme.example"};
        const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
        print_message("%s\n", cases[i].name);
        memcpy(fakes, cases[i].fakes, sizeof fakes);
        bench_open(&bench, fakes);
        source_chain_lookup(bench.chain, &request, &result, &could_tell, &asked);
        write_steps(&asked, said);
        assert_string_equal(said, cases[i].want_said);
        assert_int_equal(result.outcome, cases[i].want);
        assert_true(could_tell);
        for (size_t j = 0; j < SOURCES; j++)
            assert_int_equal(fakes[j].verified + fakes[j].found + fakes[j].pretended, 0);
        verify_result_fini(&result);
        bench_close(&bench);
    }
}

static void
test_a_users_file_does_not_speak_for_names_of_other_sources(void **state)
{
    (void)state;
    struct fake users = {.section = {.name = "users", .values = &users},
                         .lookup = VERIFY_UNKNOWN_USER};
    struct fake server = {.section = {.name = "server", .values = &server}};
    struct source *first = source_open_as(&users_kind, &users.section, NULL);
    struct source *own = source_open_as(&server_kind, &server.section, NULL);
    const struct username user = {.text = "boss@acme.example"};
    const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
    for (size_t own_count = 0; own_count <= 1; own_count++) {
        struct source_chain *chain =
            source_chain_create(&first, 1, &own, own_count, AMBIGUOUS_REFUSE);
        struct verify_result result;
        bool could_tell = own_count > 0;
        source_chain_lookup(chain, &request, &result, &could_tell, NULL);
        assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
        assert_int_equal(could_tell, own_count == 0);
        verify_result_fini(&result);
        source_chain_free(chain);
    }
    source_close(first);
    source_close(own);
}

static void
test_who_cannot_look_up_is_passed_over(void **state)
{
    (void)state;
    struct fake fake = {.section = {.name = "server", .values = &fake}, .verify = VERIFY_OK};
    struct source *source = source_open_as(&server_kind, &fake.section, NULL);
    struct source_chain *chain = source_chain_create(NULL, 0, &source, 1, AMBIGUOUS_REFUSE);
    const struct username user = {.text = "boss@acme.example"};
    const struct verify_request request = {.user = &user, .deadline = {INT64_MAX}};
    struct verify_result result;
    struct verify_asked asked = {.count = 3};
    bool could_tell = true;
    source_chain_lookup(chain, &request, &result, &could_tell, &asked);
    assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
    assert_false(could_tell);
    assert_int_equal(asked.count, 0);
    assert_false(source_chain_knows_clear(chain));
    assert_false(source_keeps_app_passwords(source));
    assert_int_equal(source_app_passwords(source), APP_PASSWORDS_NO);
    source_chain_free(chain);
    source_close(source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_app_passwords),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_a_users_file_does_not_speak_for_names_of_other_sources),
        cmocka_unit_test(test_who_cannot_look_up_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
