/*
 * chain_words: chains that are written as a text, of sources that say what a case wants.
 */
#ifndef MAILREEVE_TEST_CHAIN_WORDS_H
#define MAILREEVE_TEST_CHAIN_WORDS_H

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

static inline void
drop(void *held)
{
    assert_ptr_equal(held, &held_answers);
    held_answers--;
}

static inline void *
fake_open(const struct section *section, struct problems *problems)
{
    (void)problems;
    return section->values;
}

static inline void
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

static inline enum knowledge
fake_knows(void *self, const struct username *user, struct deadline deadline)
{
    (void)user;
    (void)deadline;
    struct fake *fake = self;
    fake->asked_for_knowledge++;
    return fake->knowledge;
}

static inline void
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

static inline int
fake_check_recipients(const void *self, struct err *err)
{
    const struct fake *fake = self;
    if (fake->is_unfit)
        err_set(err, "lacks a filter");
    return fake->is_unfit ? -1 : 0;
}

static inline struct recipient_lifetimes
fake_lifetimes(const void *self)
{
    (void)self;
    return (struct recipient_lifetimes){.known_ms = 600000};
}

static inline void
fake_pretend(void *self, const struct verify_request *request)
{
    (void)request;
    struct fake *fake = self;
    fake->pretended++;
}

static inline void
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
static inline struct source *
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

static inline void
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

static inline void
bench_close(struct bench *bench)
{
    source_chain_free(bench->chain);
    for (size_t i = 0; i < bench->count; i++) {
        source_close(bench->sources[i]);
        assert_int_equal(bench->fakes[i].closed, 1);
    }
    assert_int_equal(held_answers, 0);
}

static const struct mailbox recipient = {.local = "a b", .domain = "acme.example"};

#endif
