#include "conversation.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "message.h"
#include "message_size.h"

struct conversation {
    const struct guard *guard;
    struct caller caller;
    char *helo;              /* NULL: not said */
    struct message *message; /* NULL: none is under way */
};

/* Tells the sessions of one process apart in the log, and those of the one before it. */
static void
set_id(struct caller *caller)
{
    static atomic_uint count;
    snprintf(caller->id, sizeof caller->id, "%llx.%x", (unsigned long long)clock_wall_ms() / 1000,
             atomic_fetch_add(&count, 1) + 1);
}

static void
set_helo(struct conversation *conversation, const char *name)
{
    free(conversation->helo);
    conversation->helo = xstrdup(name);
    conversation->caller.helo = conversation->helo;
}

static bool
wants_body(const struct guard *guard)
{
    struct site *site = reload_hold(guard->reload);
    bool wants = message_size_matters(site);
    reload_release(guard->reload, site);
    return wants;
}

static void
end_message(struct conversation *conversation)
{
    message_free(conversation->message);
    conversation->message = NULL;
}

struct conversation *
conversation_begin(const struct guard *guard)
{
    struct conversation *conversation = xcalloc(1, sizeof *conversation);
    conversation->guard = guard;
    conversation->caller.tells_size = wants_body(guard);
    set_id(&conversation->caller);
    set_helo(conversation, "");
    return conversation;
}

void
conversation_end(struct conversation *conversation)
{
    end_message(conversation);
    free(conversation->helo);
    free(conversation);
}

/* After XCLIENT it is another client's session. */
struct response
conversation_connect(struct conversation *conversation, const struct mta *mta,
                     const struct netaddr *client)
{
    (void)mta;
    end_message(conversation);
    conversation->caller.client = *client;
    conversation->caller.messages = 0;
    set_helo(conversation, "");
    return response_go_on();
}

struct response
conversation_helo(struct conversation *conversation, const struct mta *mta, const char *name)
{
    (void)mta;
    end_message(conversation);
    set_helo(conversation, name);
    return response_go_on();
}

/* A step of a message that nobody has begun, or that has been refused. */
static struct response
out_of_order(const struct conversation *conversation, const char *step)
{
    log_event(LOG_WARN, "message.order", LOG_STR("session", conversation->caller.id),
              LOG_STR("step", step), LOG_STR("error", "no message is under way"));
    const struct verdict verdict = verdict_make(REASON_INTERNAL);
    return response_of(&verdict);
}

/* What does not go on ends the message. */
static struct response
go_on_or_end(struct conversation *conversation, struct response response)
{
    if (response.action == RESPONSE_REFUSE || response.action == RESPONSE_TEMPFAIL)
        end_message(conversation);
    return response;
}

struct response
conversation_mail(struct conversation *conversation, const struct mta *mta, const char *path,
                  const char *const *parameters)
{
    end_message(conversation);
    conversation->message = message_create(conversation->guard, &conversation->caller);
    struct response response =
        go_on_or_end(conversation, message_mail(conversation->message, mta, path, parameters));
    if (conversation->message != NULL)
        conversation->caller.messages++;
    return response;
}

struct response
conversation_recipient(struct conversation *conversation, const struct mta *mta, const char *path,
                       const char *const *parameters)
{
    if (conversation->message == NULL)
        return out_of_order(conversation, "rcpt");
    return message_recipient(conversation->message, mta, path, parameters);
}

struct response
conversation_header(struct conversation *conversation, const struct mta *mta, const char *name,
                    const char *value)
{
    if (conversation->message == NULL)
        return out_of_order(conversation, "header");
    return go_on_or_end(conversation, message_header(conversation->message, mta, name, value));
}

struct response
conversation_end_of_headers(struct conversation *conversation, const struct mta *mta)
{
    if (conversation->message == NULL)
        return out_of_order(conversation, "end of headers");
    return go_on_or_end(conversation, message_end_of_headers(conversation->message, mta));
}

struct response
conversation_body(struct conversation *conversation, const struct mta *mta, size_t length)
{
    (void)mta;
    if (conversation->message == NULL)
        return out_of_order(conversation, "body");
    return message_body(conversation->message, length);
}

struct response
conversation_end_of_message(struct conversation *conversation, const struct mta *mta)
{
    if (conversation->message == NULL)
        return out_of_order(conversation, "end");
    struct response response = message_end(conversation->message, mta);
    end_message(conversation);
    return response;
}

void
conversation_abort(struct conversation *conversation)
{
    end_message(conversation);
}

bool
conversation_wants_body(const struct conversation *conversation)
{
    return conversation->caller.tells_size;
}
