#include "source.h"

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"

enum { RECIPIENTS_KEPT = 65536, LOGINS_KEPT = 65536 };

static struct recipient_cache *
open_recipients(const struct source *source)
{
    if (source->kind->recipient == NULL)
        return NULL;
    struct recipient_lifetimes lifetimes = {0};
    if (source->kind->recipient_lifetimes != NULL)
        lifetimes = source->kind->recipient_lifetimes(source->self);
    return recipient_cache_create(RECIPIENTS_KEPT, lifetimes);
}

static struct login_cache *
open_logins(const struct source *source)
{
    struct login_lifetimes lifetimes = {0};
    if (source->kind->login_lifetimes != NULL)
        lifetimes = source->kind->login_lifetimes(source->self);
    bool keeps = lifetimes.right_ms > 0 || lifetimes.wrong_ms > 0 || lifetimes.when_down;
    return keeps ? login_cache_create(LOGINS_KEPT, source->section->name, lifetimes) : NULL;
}

struct source *
source_open_as(const struct source_kind *kind, const struct section *section,
               struct problems *problems)
{
    void *self = kind->open(section, problems);
    if (self == NULL)
        return NULL;
    struct source *source = xcalloc(1, sizeof *source);
    source->section = section;
    source->kind = kind;
    source->self = self;
    source->recipients = open_recipients(source);
    source->logins = open_logins(source);
    return source;
}

void
source_close(struct source *source)
{
    if (source == NULL)
        return;
    recipient_cache_free(source->recipients);
    login_cache_free(source->logins);
    source->kind->close(source->self);
    free(source);
}

const char *
source_name(const struct source *source)
{
    return source->section->name;
}

bool
source_is_asked_first(const struct source *source)
{
    return source->kind->asked_first;
}

bool
source_knows_clear(const struct source *source)
{
    return source->kind->knows_clear != NULL && source->kind->knows_clear(source->self);
}

bool
source_can_lookup(const struct source *source)
{
    const struct source_kind *kind = source->kind;
    return kind->lookup != NULL && (kind->can_lookup == NULL || kind->can_lookup(source->self));
}

enum app_passwords
source_app_passwords(const struct source *source)
{
    const struct source_kind *kind = source->kind;
    return kind->app_passwords != NULL && source_can_lookup(source)
               ? kind->app_passwords(source->self)
               : APP_PASSWORDS_NO;
}

bool
source_keeps_app_passwords(const struct source *source)
{
    return source->kind->find_app_password != NULL;
}

void
source_begin_result(const struct source *source, struct verify_result *result_r)
{
    *result_r = (struct verify_result){
        .rule = {.origin = source->section->origin,
                 .section_kind = "source",
                 .section_name = source->section->name},
    };
}

typedef void ask_kind(void *self, const struct verify_request *request,
                      struct verify_result *result_r);

/* Asks what is remembered, then the kind; keeps what that says. */
static void
ask_through_cache(struct source *source, ask_kind *ask, const struct verify_request *request,
                  struct verify_result *result_r)
{
    struct login_cache *logins = source->logins;
    int64_t now_ms = clock_now_ms();
    if (login_cache_find(logins, request, now_ms, result_r))
        return;
    uint64_t era = login_cache_era(logins);
    ask(source->self, request, result_r);
    if (result_r->outcome == VERIFY_UNAVAILABLE && !result_r->has_answered)
        (void)login_cache_find_stale(logins, request, now_ms, result_r);
    else
        login_cache_keep(logins, request, era, now_ms, result_r);
}

static void
ask_and_count(struct source *source, ask_kind *ask, const struct verify_request *request,
              struct verify_result *result_r)
{
    struct source_counts *counts = &source->counts;
    int64_t since_us = clock_now_us();
    source_begin_result(source, result_r);
    if (source->logins != NULL)
        ask_through_cache(source, ask, request, result_r);
    else
        ask(source->self, request, result_r);
    atomic_fetch_add(&counts->outcomes[result_r->outcome], 1);
    atomic_fetch_add(&counts->took_us, (uint64_t)(clock_now_us() - since_us));
    if (result_r->was_stale)
        atomic_fetch_add(&counts->from_stale_cache, 1);
    else if (result_r->was_cached)
        atomic_fetch_add(&counts->from_cache, 1);
}

void
source_verify(struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    ask_and_count(source, source->kind->verify, request, result_r);
}

void
source_lookup(struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    ask_and_count(source, source->kind->lookup, request, result_r);
}

static enum knowledge
knowledge_of(enum verify_outcome outcome)
{
    switch (outcome) {
    case VERIFY_UNAVAILABLE:
        return KNOWLEDGE_CANNOT_TELL;
    case VERIFY_UNKNOWN_USER:
        return KNOWLEDGE_UNKNOWN;
    case VERIFY_OK:
    case VERIFY_WRONG_PASSWORD:
    case VERIFY_DISABLED:
    case VERIFY_AMBIGUOUS:
    case VERIFY_LOCKED:
    case VERIFY_ACCOUNT_EXPIRED:
    case VERIFY_PASSWORD_EXPIRED:
    case VERIFY_MUST_CHANGE:
    case VERIFY_NOT_ALLOWED:
    case VERIFY_NO_CLEAR_PASSWORD:
        return KNOWLEDGE_KNOWN;
    }
    return KNOWLEDGE_CANNOT_TELL;
}

enum knowledge
source_knows(struct source *source, const struct verify_request *request)
{
    const struct source_kind *kind = source->kind;
    if (source->logins == NULL || !source_can_lookup(source))
        return kind->knows(source->self, request->user, request->deadline);
    struct verify_request lookup = {
        .user = request->user,
        .client = request->client,
        .client_helo = request->client_helo,
        .deadline = request->deadline,
    };
    struct verify_result result;
    source_lookup(source, &lookup, &result);
    enum knowledge knowledge = knowledge_of(result.outcome);
    verify_result_fini(&result);
    return knowledge;
}

void
verify_result_fini(struct verify_result *result)
{
    held_drop(result->held);
    secret_fini(&result->clear);
    *result = (struct verify_result){0};
}

void
verify_asked_note(struct verify_asked *asked, const struct source *source,
                  enum verify_outcome outcome, int64_t since_us, const char *detail)
{
    if (asked == NULL || asked->count == VERIFY_ASKED_MAX)
        return;
    asked->steps[asked->count].source = source_name(source);
    asked->steps[asked->count].outcome = outcome;
    asked->steps[asked->count].took_us = clock_now_us() - since_us;
    snprintf(asked->steps[asked->count].detail, sizeof asked->steps[0].detail, "%s", detail);
    asked->count++;
}

int
source_check_recipients(const struct source *source, struct err *err)
{
    const struct source_kind *kind = source->kind;
    if (kind->recipient == NULL) {
        err_set(err, "a source of type \"%s\" cannot tell which recipients exist",
                kind->section->variant_word);
        return -1;
    }
    return kind->check_recipients == NULL ? 0 : kind->check_recipients(source->self, err);
}

struct recipient_asker {
    const struct source *source;
    const struct mailbox *recipient;
    const char *address;
};

static void
ask_recipient(void *context, struct deadline deadline, struct recipient_result *result_r)
{
    const struct recipient_asker *asker = context;
    asker->source->kind->recipient(asker->source->self, asker->recipient, asker->address, deadline,
                                   result_r);
}

void
source_recipient(struct source *source, const struct mailbox *recipient, struct deadline deadline,
                 struct recipient_result *result_r)
{
    struct err err;
    if (source_check_recipients(source, &err) != 0) {
        *result_r = (struct recipient_result){.knowledge = KNOWLEDGE_CANNOT_TELL};
        snprintf(result_r->detail, sizeof result_r->detail, "%s", err.text);
        return;
    }
    char address[MAILBOX_TEXT_MAX];
    mailbox_format(recipient, address);
    struct recipient_asker asker = {source, recipient, address};
    const struct recipient_question question = {.ask = ask_recipient, .context = &asker};
    recipient_cache_ask(source->recipients, address, clock_now_ms(), deadline, &question, result_r);
    atomic_fetch_add(&source->counts.recipients, 1);
    if (result_r->was_cached)
        atomic_fetch_add(&source->counts.recipients_from_cache, 1);
}

size_t
source_flush(struct source *source, const char *name)
{
    size_t count = 0;
    if (source->recipients != NULL)
        count += recipient_cache_flush(source->recipients, name);
    if (source->logins != NULL)
        count += login_cache_flush(source->logins, name);
    return count;
}

void
source_stats(struct source *source, struct source_stats *stats_r)
{
    struct source_counts *counts = &source->counts;
    *stats_r = (struct source_stats){
        .took_us = atomic_load(&counts->took_us),
        .from_cache = atomic_load(&counts->from_cache),
        .from_stale_cache = atomic_load(&counts->from_stale_cache),
        .recipients = atomic_load(&counts->recipients),
        .recipients_from_cache = atomic_load(&counts->recipients_from_cache),
    };
    for (size_t i = 0; i < VERIFY_OUTCOMES; i++)
        stats_r->outcomes[i] = atomic_load(&counts->outcomes[i]);
    if (source->recipients != NULL) {
        stats_r->recipients_kept = recipient_cache_count(source->recipients);
        stats_r->recipients_waiting = recipient_cache_waiting(source->recipients);
    }
    if (source->logins != NULL)
        stats_r->logins_kept = login_cache_count(source->logins);
    if (source->kind->load != NULL)
        source->kind->load(source->self, &stats_r->load);
}
