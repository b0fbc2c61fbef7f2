#include "source.h"

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"

enum { RECIPIENTS_KEPT = 65536 };

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
    return source;
}

void
source_close(struct source *source)
{
    if (source == NULL)
        return;
    recipient_cache_free(source->recipients);
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

enum app_passwords
source_app_passwords(const struct source *source)
{
    return source->kind->app_passwords != NULL ? source->kind->app_passwords(source->self)
                                               : APP_PASSWORDS_NO;
}

bool
source_keeps_app_passwords(const struct source *source)
{
    return source->kind->find_app_password != NULL;
}

static void
ask(struct source *source,
    void (*ask_kind)(void *self, const struct verify_request *request,
                     struct verify_result *result_r),
    const struct verify_request *request, struct verify_result *result_r)
{
    int64_t since_us = clock_now_us();
    *result_r = (struct verify_result){
        .rule = {.origin = source->section->origin,
                 .section_kind = "source",
                 .section_name = source->section->name},
    };
    ask_kind(source->self, request, result_r);
    atomic_fetch_add(&source->counts.outcomes[result_r->outcome], 1);
    atomic_fetch_add(&source->counts.took_us, (uint64_t)(clock_now_us() - since_us));
}

void
source_verify(struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    ask(source, source->kind->verify, request, result_r);
}

void
source_lookup(struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    ask(source, source->kind->lookup, request, result_r);
}

void
verify_result_fini(struct verify_result *result)
{
    held_drop(result->held);
    secret_fini(&result->clear);
    *result = (struct verify_result){0};
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
    return source->recipients != NULL ? recipient_cache_flush(source->recipients, name) : 0;
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
    if (source->recipients != NULL)
        stats_r->recipients_kept = recipient_cache_count(source->recipients);
    if (source->kind->load != NULL)
        source->kind->load(source->self, &stats_r->load);
}
