#include "judge_message.h"

#include <stdio.h>
#include <string.h>

#include "guard_listener.h"
#include "identity_headers.h"

/* A message under way. */
struct asked_message {
    const struct site *site;
    const struct given *given;
    const struct trail *trail;
    struct facts facts;
    struct message_facts message; /* facts.message */
};

typedef void decide_step(const struct tenancy *tenancy, const struct decide_settings *settings,
                         const struct facts *facts, const struct trail *trail,
                         struct decision *decision_r);

/* Returns whether the message goes on. */
static bool
ask(const struct asked_message *asked, decide_step *step, struct decision *decision_r)
{
    step(asked->site->tenancy, &asked->site->settings.decide, &asked->facts, asked->trail,
         decision_r);
    return decision_r->verdict.action == VERDICT_ACCEPT;
}

static void
set_recipient(struct asked_message *asked, size_t i)
{
    asked->facts.rcpt_to = asked->given->recipients.items[i];
    asked->facts.rcpt_to_length = strlen(asked->facts.rcpt_to);
}

static bool
ask_recipients(struct asked_message *asked, struct decision *decision_r)
{
    for (size_t i = 0; i < asked->given->recipients.count; i++) {
        set_recipient(asked, i);
        if (!ask(asked, decide_recipient, decision_r))
            return false;
        asked->message.recipients++;
    }
    return true;
}

static struct identity_headers *
read_headers(const struct texts *texts)
{
    struct identity_headers *headers = identity_headers_create();
    for (size_t i = 0; i < texts->count; i++) {
        const char *value = strchr(texts->items[i], ':') + 1;
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)(value - 1 - texts->items[i]), texts->items[i]);
        identity_headers_add(headers, name, value, strlen(value));
    }
    identity_headers_end(headers);
    return headers;
}

static int
severity(enum verdict_action action)
{
    switch (action) {
    case VERDICT_ACCEPT:
        return 0;
    case VERDICT_TEMPFAIL:
        return 1;
    case VERDICT_REFUSE:
        return 2;
    }
    return 1;
}

static void
ask_end(struct asked_message *asked, struct decision *decision_r)
{
    int worst = 0;
    for (size_t i = 0; i < asked->given->recipients.count; i++) {
        struct decision decision;
        set_recipient(asked, i);
        ask(asked, decide_message, &decision);
        if (severity(decision.verdict.action) > worst || worst == 0)
            *decision_r = decision;
        worst = severity(decision_r->verdict.action);
    }
}

static void
ask_message(struct asked_message *asked, struct decision *decision_r)
{
    if (!ask(asked, decide_mail, decision_r) || !ask_recipients(asked, decision_r))
        return;
    struct identity_headers *headers = NULL;
    bool goes_on = true;
    if (asked->given->headers.count > 0) {
        headers = read_headers(&asked->given->headers);
        asked->message.shown = identity_headers_shown(headers, &asked->message.shown_count);
        asked->message.header_fault = identity_headers_fault(headers);
        asked->message.header_hides = identity_headers_hide(headers);
        asked->message.misses_authors = identity_headers_miss_authors(headers);
        goes_on = ask(asked, decide_header, decision_r);
    }
    if (goes_on)
        ask_end(asked, decision_r);
    identity_headers_free(headers);
}

/* Of the two limits the one that is set, or the first. */
static struct rule_ref
limit_of(const struct limits *limits)
{
    bool by_recipients =
        limits->messages_per_user.most == 0 && limits->recipients_per_user.most > 0;
    const struct rate *rate =
        by_recipients ? &limits->recipients_per_user : &limits->messages_per_user;
    return (struct rule_ref){.origin = rate->origin,
                             .section_kind = "limits",
                             .setting =
                                 by_recipients ? "recipients_per_user" : "messages_per_user"};
}

/* As the guard finds it, if the mail server names none. */
static const char *
listener_name(const struct site *site, const struct message_facts *message)
{
    const struct listener *listener = guard_listener(
        site->tenancy, NULL, site->settings.guard.listener, message->authenticated != NULL);
    return listener != NULL ? listener->name : NULL;
}

/* SMG 18, as the users files say it. */
static bool
is_matching_sender(const struct site *site, const struct facts *facts)
{
    const struct message_facts *message = facts->message;
    const char *name = message->authenticated != NULL ? message->authenticated : facts->window;
    struct username user;
    if (name == NULL || username_parse(name, strlen(name), USERNAME_XTEXT, NULL, &user, NULL) != 0)
        return false;
    struct verify_request request = {
        .user = &user,
        .client = facts->client,
        .deadline = deadline_after(site->settings.session_timeout_ms),
    };
    struct verify_result result;
    struct verify_asked asked = {0};
    bool could_tell = false;
    source_chain_lookup(site->users_chain, &request, &result, &could_tell, &asked);
    bool is_matching = result.account.smtp_auth == SMTP_AUTH_MATCHING_SENDER;
    verify_result_fini(&result);
    return is_matching;
}

void
judge_message(const struct site *site, const struct given *given, const struct trail *trail,
              struct decision *decision_r)
{
    struct asked_message asked = {.site = site,
                                  .given = given,
                                  .trail = trail,
                                  .facts = given->facts,
                                  .message = given->message};
    const struct rule_ref limit = limit_of(&site->settings.limits);
    asked.message.limited_by = given->is_limited ? &limit : NULL;
    struct facts *facts = &asked.facts;
    facts->message = &asked.message;
    if (facts->listener == NULL)
        facts->listener = listener_name(site, &asked.message);
    if (!given->says_matching_sender)
        facts->matching_sender = is_matching_sender(site, facts);
    ask_message(&asked, decision_r);
}
