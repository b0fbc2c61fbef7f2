/*
 * The order of things:
 *
 *     MAIL:     user (macros, the store, the users file), decide_mail, count
 *     RCPT:     decide_recipient, count; what was refused may ban the client
 *     header:   looked at, each
 *     headers:  decide_header
 *     end:      decide_message about each recipient, marks
 *
 * Each step stands by itself: it starts as a temporary failure (a decision's zero) and improves on
 * evidence only. Counts are taken before it is known whether rules let the message pass, so that
 * sessions side by side cannot pass a limit, and are taken back if they do not.
 */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "command_line.h"
#include "find.h"
#include "guard_user.h"
#include "identity_headers.h"
#include "marks.h"
#include "message_log.h"
#include "message_size.h"
#include "refusals.h"
#include "tally.h"
#include "textpool.h"

struct message {
    /* set once */
    const struct guard *guard;
    const struct caller *caller;
    struct site *site; /* a reference */
    struct textpool texts;

    /* of the message */
    struct guard_user user;
    struct facts facts;
    struct message_facts known;
    struct find find;
    struct tally tally;
    struct identity_headers *headers;
    struct marks *marks;
    char *sender;            /* the command line */
    const char **recipients; /* command lines of the accepted ones; known.recipients of them */
    int64_t size;
    bool are_headers_judged, is_accepted;

    /* of the step */
    int64_t began_us;
    char *command; /* RCPT */
    struct decision decision;
};

struct message *
message_create(const struct guard *guard, const struct caller *caller)
{
    struct message *message = xcalloc(1, sizeof *message);
    message->guard = guard;
    message->caller = caller;
    message->site = reload_hold(guard->reload);
    message->facts = (struct facts){.protocol = PROTOCOL_SMTP,
                                    .method = METHOD_NONE,
                                    .client = caller->client,
                                    .message = &message->known};
    message->known.messages = caller->messages;
    message->find =
        (struct find){.site = message->site, .session = caller->id, .helo = caller->helo};
    message->headers = identity_headers_create();
    textpool_init(&message->texts);
    return message;
}

/* What is noted then must not be lost because a step took all its time. */
static struct deadline
store_deadline(const struct message *message)
{
    return deadline_after(message->site->settings.store.timeout_ms);
}

void
message_free(struct message *message)
{
    if (message == NULL)
        return;
    if (!message->is_accepted)
        tally_give_up(&message->tally, store_deadline(message));
    find_fini(&message->find);
    identity_headers_free(message->headers);
    marks_free(message->marks);
    free(message->recipients);
    free(message->command);
    free(message->sender);
    textpool_fini(&message->texts);
    reload_release(message->guard->reload, message->site);
    free(message);
}

static void
set_recipient(struct message *message, const char *line)
{
    message->facts.rcpt_to = line;
    message->facts.rcpt_to_length = line != NULL ? strlen(line) : 0;
}

static void
begin_step(struct message *message)
{
    message->began_us = clock_now_us();
    message->find.deadline = deadline_after(message->site->settings.session_timeout_ms);
    message->decision = (struct decision){.verdict = verdict_make(REASON_INTERNAL)};
    /* Of whoever could not tell another step may find out. */
    if (message->facts.owned.knowledge == KNOWLEDGE_CANNOT_TELL)
        message->facts.owned = (struct owned_addresses){0};
    if (message->facts.sender_elsewhere == KNOWLEDGE_CANNOT_TELL)
        message->facts.sender_elsewhere = KNOWLEDGE_NOT_ASKED;
    message->facts.recipient = KNOWLEDGE_NOT_ASKED;
    set_recipient(message, NULL);
    free(message->command);
    message->command = NULL;
    message->known.limited_by = NULL;
}

static bool
is_going_on(const struct message *message)
{
    return message->decision.verdict.action == VERDICT_ACCEPT;
}

static bool
is_authenticated(const struct message *message)
{
    return message->decision.user.text[0] != '\0';
}

static void
ask(struct message *message, find_decide *decide)
{
    find_and_decide(&message->find, decide, &message->facts, &message->decision);
    guard_user_explain(&message->user, &message->decision);
}

/* Turns what was accepted into a failure or refusal that no rule of policy makes. */
static void
fail(struct message *message, enum reason reason, const char *detail)
{
    message->decision.verdict = verdict_make(reason);
    snprintf(message->decision.verdict.rule.detail, RULE_DETAIL_MAX, "%s", detail);
}

/* A line in the log for what is refused, and for the message as a whole. */
static struct response
answer(const struct message *message, const struct mta *mta, const char *stage)
{
    if (!is_going_on(message) || message->is_accepted)
        message_log(&(struct message_line){
            .session = message->caller->id,
            .queue = mta->macro(mta->context, "i"),
            .stage = stage,
            .facts = &message->facts,
            .decision = &message->decision,
            .user = is_authenticated(message) ? message->user.name : NULL,
            .recipient = &message->find.recipient,
            .tags = message->marks != NULL ? marks_tags(message->marks) : NULL,
            .size = message->known.size,
            .took_us = clock_now_us() - message->began_us,
        });
    return response_of(&message->decision.verdict);
}

/* MAIL */

static void
find_user(struct message *message, const struct mta *mta)
{
    struct guard_user *user = &message->user;
    guard_user_find(user, message->site, message->guard->store, mta, &message->facts.client,
                    message->find.deadline);
    guard_user_tell(user, &message->facts, &message->known);
    if (user->name[0] == '\0')
        return;
    message->find.user = user->name;
    message->find.login = user->login;
    message->find.is_login_unsure = user->is_login_unsure;
}

/* In whose name the results of authentication are; NULL: nobody's. */
static const char *
results_host(struct message *message, const struct mta *mta)
{
    const struct guard_settings *settings = &message->site->settings.guard;
    if (!settings->authentication_results)
        return NULL;
    const char *host =
        settings->hostname != NULL ? settings->hostname : mta->macro(mta->context, "j");
    if (host != NULL && host[0] != '\0')
        return textpool_copy(&message->texts, host, strlen(host));
    fail(message, REASON_INTERNAL,
         "the mail server does not tell its name (macro j): set hostname in the section guard");
    return NULL;
}

/* One message or recipient more, for a step that is accepted or that only a `rule` section, which
 * comes later than the limit, does not. */
static void
count(struct message *message, enum sent what, find_decide *decide)
{
    struct sending_answer added;
    if (!is_going_on(message) && message->decision.verdict.reason != REASON_RULE)
        return;
    tally_add(&message->tally, what, message->caller->id, &message->facts.client,
              message->find.deadline, &added);
    if (added.is_over) {
        message->known.limited_by = &added.rule;
        ask(message, decide);
        message->known.limited_by = NULL;
    } else if (!is_going_on(message)) {
        tally_take_back(&message->tally, what, &added, store_deadline(message));
    }
}

static void
begin_counting(struct message *message)
{
    const struct organization *organization = message->decision.organization;
    message->tally =
        (struct tally){.store = message->guard->store,
                       .limits = &message->site->settings.limits,
                       .sender = {.organization = organization != NULL ? organization->name : NULL,
                                  .user = is_authenticated(message) ? message->user.name : NULL}};
}

struct response
message_mail(struct message *message, const struct mta *mta, const char *path,
             const char *const *parameters)
{
    begin_step(message);
    find_user(message, mta);
    message->sender = command_line_write("MAIL FROM:", path, parameters);
    message->facts.mail_from = message->sender;
    message->facts.mail_from_length = strlen(message->sender);
    message->known.size = command_line_size(parameters);
    ask(message, decide_mail);
    begin_counting(message);
    count(message, SENT_MESSAGE, decide_mail);
    if (is_going_on(message))
        message->marks = marks_create(message->site, results_host(message, mta));
    if (is_going_on(message) && !message->caller->tells_size && message_size_matters(message->site))
        fail(message, REASON_INTERNAL,
             "sizes matter since the last reload, and this connection does not tell them");
    return answer(message, mta, "mail");
}

/* RCPT */

static void
accept_recipient(struct message *message)
{
    const char *line = message->command;
    message->recipients =
        xrealloc(message->recipients, message->known.recipients + 1, sizeof *message->recipients);
    message->recipients[message->known.recipients++] =
        textpool_copy(&message->texts, line, strlen(line));
}

struct response
message_recipient(struct message *message, const struct mta *mta, const char *path,
                  const char *const *parameters)
{
    begin_step(message);
    message->command = command_line_write("RCPT TO:", path, parameters);
    set_recipient(message, message->command);
    ask(message, decide_recipient);
    count(message, SENT_RECIPIENT, decide_recipient);
    if (is_going_on(message))
        accept_recipient(message);
    else if (refusals_count(&message->decision, message->site, message->guard->store,
                            message->caller, store_deadline(message)))
        message->facts.banned = true;
    return answer(message, mta, "rcpt");
}

/* Headers */

struct response
message_header(struct message *message, const struct mta *mta, const char *name, const char *value)
{
    message->size += message_size_of_header(name, value);
    if (identity_headers_want(name))
        identity_headers_add(message->headers, name, value, strlen(value));
    if (message->marks != NULL && marks_look(message->marks, name, value) == 0)
        return response_go_on();
    begin_step(message);
    fail(message, REASON_REQUEST_MALFORMED, "too many headers that only this host may write");
    return answer(message, mta, "header");
}

static bool
judge_headers(struct message *message)
{
    identity_headers_end(message->headers);
    message->known.shown = identity_headers_shown(message->headers, &message->known.shown_count);
    message->known.header_fault = identity_headers_fault(message->headers);
    message->known.header_hides = identity_headers_hide(message->headers);
    message->known.misses_authors = identity_headers_miss_authors(message->headers);
    ask(message, decide_header);
    message->are_headers_judged = is_going_on(message);
    return message->are_headers_judged;
}

struct response
message_end_of_headers(struct message *message, const struct mta *mta)
{
    begin_step(message);
    message->size += MESSAGE_SIZE_OF_END_OF_HEADERS;
    judge_headers(message);
    return answer(message, mta, "header");
}

/* Body */

struct response
message_body(struct message *message, size_t length)
{
    message->size += (int64_t)length;
    return (struct response){.action = message_size_matters(message->site) ? RESPONSE_GO_ON
                                                                           : RESPONSE_SKIP};
}

/* The end */

/* A refusal of one recipient is the message's. */
static void
judge_message(struct message *message)
{
    static const int severities[] = {
        [VERDICT_ACCEPT] = 0, [VERDICT_TEMPFAIL] = 1, [VERDICT_REFUSE] = 2};
    fail(message, REASON_INTERNAL, "a message without recipients");
    struct decision severest = message->decision;
    const char *decider = NULL;
    for (unsigned i = 0; i < message->known.recipients; i++) {
        set_recipient(message, message->recipients[i]);
        ask(message, decide_message);
        if (message->decision.tagged_by != NULL)
            marks_tag(message->marks, message->decision.tagged_by);
        if (i > 0 &&
            severities[message->decision.verdict.action] <= severities[severest.verdict.action])
            continue;
        severest = message->decision;
        decider = is_going_on(message) ? NULL : message->recipients[i];
    }
    set_recipient(message, decider);
    message->decision = severest;
}

static void
mark(struct message *message, const struct mta *mta)
{
    const struct guard_user *user = &message->user;
    if (marks_apply(message->marks, mta, is_authenticated(message) ? user->full_name : NULL,
                    user->has_logged_in ? AUTHENTICATED_BY_LOGIN : AUTHENTICATED_BY_WINDOW) != 0)
        fail(message, REASON_INTERNAL, "the message's headers cannot be changed");
}

struct response
message_end(struct message *message, const struct mta *mta)
{
    begin_step(message);
    if (message_size_matters(message->site))
        message->known.size = message->size;
    if (message->are_headers_judged || judge_headers(message))
        judge_message(message);
    if (is_going_on(message))
        mark(message, mta);
    message->is_accepted = is_going_on(message);
    return answer(message, mta, "end");
}
