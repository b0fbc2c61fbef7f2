#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source.h"

/* A source that says what the case wants; held answers are counted, so that none stays behind. */
struct fake {
    struct section section;
    enum verify_outcome outcome;
    bool may_be_unknown;
    bool knows_account;
    enum knowledge knowledge;
    bool is_unfit; /* its settings do not let it tell which recipients exist */
    int verified, asked_for_knowledge, asked_for_recipient, pretended, closed;
};

static int held_answers;

static void
drop(void *held)
{
    assert_ptr_equal(held, &held_answers);
    held_answers--;
}

static void *
fake_open(const struct section *section, struct problems *problems)
{
    (void)problems;
    return section->values;
}

static void
fake_verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    struct fake *fake = self;
    fake->verified++;
    result_r->outcome = fake->outcome;
    result_r->wrong_may_be_unknown = fake->may_be_unknown;
    if (fake->outcome == VERIFY_OK || fake->knows_account)
        snprintf(result_r->account.name, sizeof result_r->account.name, "%s", request->user->text);
    snprintf(result_r->detail, sizeof result_r->detail, "detail of %s", fake->section.name);
    result_r->held = held_create(&held_answers, drop);
    held_answers++;
}

static enum knowledge
fake_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)user;
    (void)deadline;
    struct fake *fake = self;
    fake->asked_for_knowledge++;
    return fake->knowledge;
}

static void
fake_recipient(void *self, const struct mailbox *recipient, const char *address,
               struct deadline deadline, struct recipient_result *result_r)
{
    (void)deadline;
    struct fake *fake = self;
    char want[MAILBOX_TEXT_MAX];
    mailbox_format(recipient, want);
    assert_string_equal(address, want);
    assert_int_equal(result_r->knowledge, KNOWLEDGE_NOT_ASKED);
    fake->asked_for_recipient++;
    result_r->knowledge = fake->knowledge;
    snprintf(result_r->name, sizeof result_r->name, "name in %s", fake->section.name);
}

static int
fake_check_recipients(const void *self, struct err *err)
{
    const struct fake *fake = self;
    if (fake->is_unfit)
        err_set(err, "lacks a filter");
    return fake->is_unfit ? -1 : 0;
}

static struct recipient_lifetimes
fake_lifetimes(const void *self)
{
    (void)self;
    return (struct recipient_lifetimes){.known_ms = 600000};
}

static void
fake_pretend(void *self, const struct verify_request *request)
{
    (void)request;
    struct fake *fake = self;
    fake->pretended++;
}

static void
fake_close(void *self)
{
    struct fake *fake = self;
    fake->closed++;
}

static const struct source_kind users_kind = {
    .asked_first = true,
    .open = fake_open,
    .verify = fake_verify,
    .knows = fake_knows,
    .pretend = fake_pretend,
    .close = fake_close,
};
static const struct source_kind all_users_kind = {.asked_first = true,
                                                  .open = fake_open,
                                                  .verify = fake_verify,
                                                  .recipient = fake_recipient,
                                                  .close = fake_close};
static const struct source_kind knowing_kind = {
    .open = fake_open, .verify = fake_verify, .knows = fake_knows, .close = fake_close};
static const struct section_type plain_section = {.name = "source", .variant_word = "plain"};
static const struct source_kind plain_kind = {
    .section = &plain_section, .open = fake_open, .verify = fake_verify, .close = fake_close};
static const struct source_kind forgetful_kind = {
    .open = fake_open, .verify = fake_verify, .recipient = fake_recipient, .close = fake_close};
static const struct source_kind recipients_kind = {
    .open = fake_open,
    .verify = fake_verify,
    .recipient = fake_recipient,
    .check_recipients = fake_check_recipients,
    .recipient_lifetimes = fake_lifetimes,
    .close = fake_close,
};

enum { SOURCES_MAX = 4 };

/* A chain is written as a text: one word a source, its letters as below. */
static struct source *
open_fake(struct fake *fake, const char *word)
{
    *fake = (struct fake){.section = {.name = word, .values = fake, .origin = {"conf", 7}}};
    const struct source_kind *kind = &plain_kind;
    for (const char *letter = word; *letter != '\0'; letter++)
        switch (*letter) {
        case 'F': /* asked first */
            kind = &users_kind;
            break;
        case 'K': /* can tell without a password, and says: known */
            kind = &knowing_kind;
            fake->knowledge = KNOWLEDGE_KNOWN;
            break;
        case 'N': /* the same, not known */
            kind = &knowing_kind;
            fake->knowledge = KNOWLEDGE_UNKNOWN;
            break;
        case 'C': /* the same, cannot tell just now */
            kind = &knowing_kind;
            break;
        case '+': /* can tell which recipients exist, and says: known */
            kind = &recipients_kind;
            fake->knowledge = KNOWLEDGE_KNOWN;
            break;
        case '-': /* the same, not known */
            kind = &recipients_kind;
            fake->knowledge = KNOWLEDGE_UNKNOWN;
            break;
        case '?': /* the same, cannot tell just now */
            kind = &recipients_kind;
            break;
        case 'E': /* asked first, knows the recipient */
            kind = &all_users_kind;
            fake->knowledge = KNOWLEDGE_KNOWN;
            break;
        case '!': /* and its settings do not let it */
            fake->is_unfit = true;
            break;
        case 'f': /* and forgets what it said */
            kind = &forgetful_kind;
            break;
        case 'a': /* fills the account whatever it says */
            fake->knows_account = true;
            break;
        case 'o':
            fake->outcome = VERIFY_OK;
            break;
        case 'w':
            fake->outcome = VERIFY_WRONG_PASSWORD;
            break;
        case 'm': /* wrong, may be unknown */
            fake->outcome = VERIFY_WRONG_PASSWORD;
            fake->may_be_unknown = true;
            break;
        case 'u':
            fake->outcome = VERIFY_UNKNOWN_USER;
            break;
        case 'd':
            fake->outcome = VERIFY_DISABLED;
            break;
        case 'A':
            fake->outcome = VERIFY_AMBIGUOUS;
            break;
        case 'x':
            fake->outcome = VERIFY_UNAVAILABLE;
            break;
        default:
            fail_msg("no such letter: %c", *letter);
        }
    return source_open_as(kind, &fake->section, NULL);
}

struct bench {
    struct fake fakes[SOURCES_MAX];
    struct source *sources[SOURCES_MAX];
    size_t count;
    char words[64];
    struct source_chain *chain;
};

static void
bench_open(struct bench *bench, const char *words, enum ambiguous_user ambiguous)
{
    *bench = (struct bench){0};
    size_t first = 0;
    char *rest = NULL;
    snprintf(bench->words, sizeof bench->words, "%s", words);
    for (char *word = strtok_r(bench->words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        struct source *source = open_fake(&bench->fakes[bench->count], word);
        assert_non_null(source);
        first += source_is_asked_first(source);
        bench->sources[bench->count++] = source;
    }
    bench->chain = source_chain_create(bench->sources, first, bench->sources + first,
                                       bench->count - first, ambiguous);
}

static void
bench_close(struct bench *bench)
{
    source_chain_free(bench->chain);
    for (size_t i = 0; i < bench->count; i++) {
        source_close(bench->sources[i]);
        assert_int_equal(bench->fakes[i].closed, 1);
    }
    assert_int_equal(held_answers, 0);
}

static void
bench_verify(const struct bench *bench, struct verify_result *result_r,
             struct verify_asked *asked_r)
{
    const struct username user = {.text = "boss@acme.example", .local_length = 4};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "open sesame", 11);
    const struct verify_request request = {
        .user = &user, .password = &password, .deadline = {INT64_MAX}};
    source_chain_verify(bench->chain, &request, result_r, asked_r);
    secret_fini(&password);
}

static void
test_chains(void **state)
{
    (void)state;
    static const struct {
        const char *name, *chain;
        enum ambiguous_user ambiguous;
        enum verify_outcome want;
        const char *want_speaker; /* the section that the rule names; NULL: none */
        size_t want_asked;
        int want_pretended;
    } cases[] = {
        {"an empty chain knows nobody", "", 0, VERIFY_UNKNOWN_USER, NULL, 0, 0},
        {"the only source decides", "o", 0, VERIFY_OK, "o", 1, 0},
        {"wrong is wrong", "w", 0, VERIFY_WRONG_PASSWORD, "w", 1, 0},
        {"disabled is disabled", "d", 0, VERIFY_DISABLED, "d", 1, 0},
        {"unavailable is unavailable", "x", 0, VERIFY_UNAVAILABLE, "x", 1, 0},
        {"unknown goes on", "u o", 0, VERIFY_OK, "o", 2, 0},
        {"unknown to all is unknown", "u u", 0, VERIFY_UNKNOWN_USER, "u", 2, 0},
        {"wrong ends the questions", "w o", 0, VERIFY_WRONG_PASSWORD, "w", 1, 0},
        {"disabled ends the questions", "d o", 0, VERIFY_DISABLED, "d", 1, 0},
        {"several entries in one source end the questions", "A o", 0, VERIFY_AMBIGUOUS, "A", 1, 0},
        {"a wrong that may be unknown goes on to a yes", "m o", 0, VERIFY_OK, "o", 2, 0},
        {"a wrong that may be unknown stays wrong if nobody knows better", "m u", 0,
         VERIFY_WRONG_PASSWORD, "m", 2, 0},
        {"a wrong that may be unknown does not hide an outage", "m x", 0, VERIFY_UNAVAILABLE, "x",
         2, 0},
        {"an outage goes on to a yes", "x o", 0, VERIFY_OK, "o", 2, 0},
        {"an outage makes unknown unavailable", "x u", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes wrong unavailable", "x w", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes a wrong that may be unknown unavailable", "x m", 0, VERIFY_UNAVAILABLE,
         "x", 2, 0},
        {"an outage makes disabled unavailable", "x d", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes ambiguous unavailable", "x A", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage after unknown is unavailable", "u x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"two outages", "x x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"unknown, outage, wrong, unknown", "u x m u", 0, VERIFY_UNAVAILABLE, "x", 4, 0},

        {"the users file is asked first", "Fo o", 0, VERIFY_OK, "Fo", 1, 0},
        {"a name in the users file is asked nowhere else", "Fw o", 0, VERIFY_WRONG_PASSWORD, "Fw",
         1, 0},
        {"a name in the users file whose password it cannot tell neither", "Fxa o", 0,
         VERIFY_UNAVAILABLE, "Fxa", 1, 0},
        {"a users file that cannot tell who is in it goes on", "Fx o", 0, VERIFY_OK, "o", 2, 0},
        {"a name in the users file is not ambiguous", "Fo Ko", 0, VERIFY_OK, "Fo", 1, 0},
        {"time is spent for a name that nobody knew", "Fu u", 0, VERIFY_UNKNOWN_USER, "u", 2, 1},
        {"time is spent once", "Fu Fu", 0, VERIFY_UNKNOWN_USER, "Fu", 2, 1},
        {"no time is spent for a name that somebody knew", "Fu w", 0, VERIFY_WRONG_PASSWORD, "w", 2,
         0},
        {"no time is spent in an outage", "Fu x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},

        {"two sources know the name: refused", "No Ku", 0, VERIFY_AMBIGUOUS, "No", 2, 0},
        {"two sources know the name: the first decides", "No Ku", AMBIGUOUS_FIRST, VERIFY_OK, "No",
         1, 0},
        {"the second does not know it", "No Nu", 0, VERIFY_OK, "No", 2, 0},
        {"the second cannot tell", "No Cu", 0, VERIFY_OK, "No", 2, 0},
        {"the second never can tell", "No o", 0, VERIFY_OK, "No", 1, 0},
        {"the third knows the name", "No Nu Ku", 0, VERIFY_AMBIGUOUS, "No", 3, 0},
        {"those before the yes are not asked again", "Ku No", 0, VERIFY_OK, "No", 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        struct verify_result result;
        struct verify_asked asked;
        print_message("%s\n", cases[i].name);
        bench_open(&bench, cases[i].chain, cases[i].ambiguous);
        bench_verify(&bench, &result, &asked);
        assert_int_equal(result.outcome, cases[i].want);
        if (cases[i].want_speaker == NULL)
            assert_null(result.rule.section_name);
        else
            assert_string_equal(result.rule.section_name, cases[i].want_speaker);
        assert_int_equal(asked.count, cases[i].want_asked);
        int pretended = 0;
        for (size_t j = 0; j < bench.count; j++)
            pretended += bench.fakes[j].pretended;
        assert_int_equal(pretended, cases[i].want_pretended);
        verify_result_fini(&result);
        bench_close(&bench);
    }
}

static void
test_the_trace_names_what_each_source_said(void **state)
{
    (void)state;
    struct bench bench;
    struct verify_result result;
    struct verify_asked asked;
    bench_open(&bench, "Fu No Ku", AMBIGUOUS_REFUSE);
    bench_verify(&bench, &result, &asked);
    assert_int_equal(asked.count, 3);
    assert_string_equal(asked.steps[0].source, "Fu");
    assert_int_equal(asked.steps[0].outcome, VERIFY_UNKNOWN_USER);
    assert_string_equal(asked.steps[0].detail, "detail of Fu");
    assert_string_equal(asked.steps[1].source, "No");
    assert_int_equal(asked.steps[1].outcome, VERIFY_OK);
    assert_string_equal(asked.steps[2].source, "Ku");
    assert_int_equal(asked.steps[2].outcome, VERIFY_AMBIGUOUS);
    assert_string_equal(asked.steps[2].detail, "knows the name too");
    for (size_t i = 0; i < asked.count; i++)
        assert_in_range(asked.steps[i].took_us, 0, 60000000);

    assert_string_equal(result.detail, "source \"Ku\" knows the name too");
    assert_string_equal(result.account.name, "boss@acme.example");
    assert_string_equal(result.rule.section_kind, "source");
    assert_string_equal(result.rule.origin.file, "conf");
    assert_int_equal(result.rule.origin.line, 7);
    verify_result_fini(&result);
    verify_result_fini(&result);
    bench_close(&bench);
}

static void
test_the_trace_may_be_left_out_and_is_never_overrun(void **state)
{
    (void)state;
    struct fake fake;
    struct source *many[VERIFY_ASKED_MAX + 2];
    many[0] = open_fake(&fake, "u");
    for (size_t i = 1; i < VERIFY_ASKED_MAX + 2; i++)
        many[i] = many[0];
    struct bench bench = {
        .chain = source_chain_create(NULL, 0, many, VERIFY_ASKED_MAX + 2, AMBIGUOUS_REFUSE)};
    struct verify_result result;
    struct verify_asked asked;
    bench_verify(&bench, &result, NULL);
    assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
    verify_result_fini(&result);
    bench_verify(&bench, &result, &asked);
    assert_int_equal(asked.count, VERIFY_ASKED_MAX);
    assert_int_equal(fake.verified, 2 * (VERIFY_ASKED_MAX + 2));
    verify_result_fini(&result);
    source_chain_free(bench.chain);
    source_close(many[0]);
    source_close(NULL);
    source_chain_free(NULL);
    assert_int_equal(held_answers, 0);
}

static const struct mailbox recipient = {.local = "a b", .domain = "acme.example"};
static const struct deadline forever = {INT64_MAX};

static void
test_who_knows_a_recipient(void **state)
{
    (void)state;
    static const struct {
        const char *name, *chain;
        enum knowledge want;
        bool want_can_tell;
        int want_asked;
    } cases[] = {
        {"nobody there knows nobody", "", KNOWLEDGE_UNKNOWN, false, 0},
        {"a source that knows passwords alone is not asked", "o", KNOWLEDGE_UNKNOWN, false, 0},
        {"nor is one whose settings do not let it", "+!", KNOWLEDGE_UNKNOWN, false, 0},
        {"known", "+", KNOWLEDGE_KNOWN, true, 1},
        {"unknown", "-", KNOWLEDGE_UNKNOWN, true, 1},
        {"an outage", "?", KNOWLEDGE_CANNOT_TELL, true, 1},
        {"the first that knows ends the questions", "+ + -", KNOWLEDGE_KNOWN, true, 1},
        {"the second knows", "- +", KNOWLEDGE_KNOWN, true, 2},
        {"the second knows, and the first had an outage", "? +", KNOWLEDGE_KNOWN, true, 2},
        {"an outage makes unknown cannot tell", "? -", KNOWLEDGE_CANNOT_TELL, true, 2},
        {"also the other way round", "- ?", KNOWLEDGE_CANNOT_TELL, true, 2},
        {"all say unknown", "- - -", KNOWLEDGE_UNKNOWN, true, 3},
        {"those that cannot tell by their kind are left out", "o - o", KNOWLEDGE_UNKNOWN, true, 1},
        {"so are those that cannot by their settings", "?! -", KNOWLEDGE_UNKNOWN, true, 1},
        {"what our own users file knows is not elsewhere", "E -", KNOWLEDGE_UNKNOWN, true, 1},
        {"our own users file alone knows nobody elsewhere", "E", KNOWLEDGE_UNKNOWN, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        print_message("%s\n", cases[i].name);
        bench_open(&bench, cases[i].chain, AMBIGUOUS_REFUSE);
        assert_int_equal(source_chain_can_tell(bench.chain), cases[i].want_can_tell);
        assert_int_equal(source_chain_knows(bench.chain, &recipient, forever), cases[i].want);
        int asked = 0;
        for (size_t j = 0; j < bench.count; j++)
            asked += bench.fakes[j].asked_for_recipient;
        assert_int_equal(asked, cases[i].want_asked);
        bench_close(&bench);
    }
}

static void
test_a_source_asked_for_a_recipient(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
        const char *want_unfit; /* NULL: it can tell */
        enum knowledge want;
        bool want_kept;
        const char *want_name;
    } cases[] = {
        {"known", "+", NULL, KNOWLEDGE_KNOWN, true, "name in +"},
        {"unknown, which this kind does not keep", "-", NULL, KNOWLEDGE_UNKNOWN, false,
         "name in -"},
        {"cannot tell", "?", NULL, KNOWLEDGE_CANNOT_TELL, false, "name in ?"},
        {"a kind without lifetimes keeps nothing", "+f", NULL, KNOWLEDGE_KNOWN, false,
         "name in +f"},
        {"a kind that never can tell", "o",
         "a source of type \"plain\" cannot tell which recipients exist", KNOWLEDGE_CANNOT_TELL,
         false, ""},
        {"settings that do not let it", "+!", "lacks a filter", KNOWLEDGE_CANNOT_TELL, false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake fake;
        struct recipient_result first, again;
        struct err err = {""};
        print_message("%s\n", cases[i].name);
        struct source *source = open_fake(&fake, cases[i].word);
        const char *unfit = cases[i].want_unfit;
        assert_int_equal(source_check_recipients(source, &err), unfit != NULL ? -1 : 0);
        assert_string_equal(err.text, unfit != NULL ? unfit : "");
        source_recipient(source, &recipient, forever, &first);
        source_recipient(source, &recipient, forever, &again);
        assert_int_equal(first.knowledge, cases[i].want);
        assert_int_equal(again.knowledge, cases[i].want);
        assert_string_equal(again.name, cases[i].want_name);
        assert_string_equal(first.detail, unfit != NULL ? unfit : "");
        assert_false(first.was_cached);
        assert_int_equal(again.was_cached, cases[i].want_kept);
        assert_int_equal(fake.asked_for_recipient, unfit != NULL ? 0 : cases[i].want_kept ? 1 : 2);
        source_close(source);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_the_trace_names_what_each_source_said),
        cmocka_unit_test(test_the_trace_may_be_left_out_and_is_never_overrun),
        cmocka_unit_test(test_who_knows_a_recipient),
        cmocka_unit_test(test_a_source_asked_for_a_recipient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
