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

void
source_verify(const struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    *result_r = (struct verify_result){
        .rule = {.origin = source->section->origin,
                 .section_kind = "source",
                 .section_name = source->section->name},
    };
    source->kind->verify(source->self, request, result_r);
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
}
