/* decide_recipient: the rules for a recipient without AUTH, in the order of precedence. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "decide_relay.h"
#include "decide_rules.h"
#include "decide_sender.h"
#include "question.h"

/* What is wrong with the request, or NULL. Fills the decision's paths. */
static const char *
find_fault(const struct question *question, struct err *err)
{
    const struct facts *facts = question->facts;
    struct decision *decision = question->decision;
    if (facts->malformed != NULL)
        return facts->malformed;
    if (facts->protocol != PROTOCOL_SMTP)
        return "only SMTP has sessions without authentication";
    if (facts->mail_from == NULL || facts->rcpt_to == NULL)
        return "no sender or no recipient was sent";
    if (smtp_path_parse(PATH_MAIL_FROM, facts->mail_from, facts->mail_from_length,
                        &decision->sender, err) == PATH_MALFORMED) {
        err_wrap(err, "sender");
        return err->text;
    }
    if (smtp_path_parse(PATH_RCPT_TO, facts->rcpt_to, facts->rcpt_to_length, &decision->recipient,
                        err) == PATH_MALFORMED) {
        err_wrap(err, "recipient");
        return err->text;
    }
    return NULL;
}

static const struct organization *
owner_of(const struct question *question, const struct mailbox *mailbox)
{
    return mailbox->domain[0] != '\0' ? tenancy_owner(question->tenancy, mailbox->domain) : NULL;
}

/* Whose the paths are. The null sender is nobody's. */
static void
find_owners(const struct question *question)
{
    struct decision *decision = question->decision;
    decision->recipient_address = decision->recipient.mailbox;
    struct mailbox *recipient = &decision->recipient_address;
    if (recipient->domain[0] == '\0' && decision->listener != NULL &&
        decision->listener->default_domain != NULL) /* <postmaster> */
        snprintf(recipient->domain, sizeof recipient->domain, "%s",
                 decision->listener->default_domain);
    decision->recipient_organization = owner_of(question, recipient);
    decision->sender_organization = owner_of(question, &decision->sender.mailbox);
    decision->organization = decision->recipient_organization != NULL
                                 ? decision->recipient_organization
                                 : decision->sender_organization;
}

static bool
ask_request(const struct question *question)
{
    struct err err = {.text = ""};
    const char *fault = find_fault(question, &err);
    struct rule_ref rule = question_fixed_rule(question, "malformed request", fault);
    if (fault == NULL)
        find_owners(question);
    return question_unless(question, fault != NULL, REASON_REQUEST_MALFORMED, &rule);
}

static bool
ask_tls(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_tls", listener->require_tls_origin);
    return question_unless(question, listener->require_tls && !question->facts->tls,
                           REASON_SESSION_TLS_REQUIRED, &rule);
}

/* NetMail, SMTP-after-POP: the session is that user's from here on. The name has been canonical
 * since the login, so a name without a domain is of no organization: another listener's default
 * domain must not make it one's. */
static bool
ask_window(const struct question *question)
{
    struct decision *decision = question->decision;
    const struct listener *listener = decision->listener;
    const char *name = question->facts->window;
    struct rule_ref rule =
        question_listener_rule(question, "relay_window", listener->relay_window_origin);
    if (listener->relay_window_ms == 0 || name == NULL)
        return question_next(question, &rule);
    struct err err = {.text = ""};
    if (username_parse(name, strlen(name), question->settings->encoding, NULL, &decision->user,
                       &err) != 0) {
        decision->user = (struct username){.text = ""};
        question_note(&rule, "the window's name is unusable");
        question_note(&rule, err.text);
        return question_end(question, REASON_INTERNAL, &rule);
    }
    const char *domain = username_domain(&decision->user);
    decision->organization = domain != NULL ? tenancy_owner(question->tenancy, domain) : NULL;
    question_note(&rule, "one is open: the client has authenticated");
    return question_next(question, &rule);
}

static bool
ask_auth(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule =
        question_listener_rule(question, "require_auth", listener->require_auth_origin);
    if (!listener->require_auth)
        return question_next(question, &rule);
    if (question_is_authenticated(question)) {
        question_note(&rule, "the client has authenticated");
        return question_next(question, &rule);
    }
    struct rule_ref relay =
        question_listener_rule(question, "relay_ips", listener->relay_ips.origin);
    switch (access_ask_list_address(listener->relay_ips.list, &question->facts->client, &relay)) {
    case LIST_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &relay);
    case LIST_NO_MATCH:
        question_next(question, &relay);
        return question_end(question, REASON_SESSION_AUTH_REQUIRED, &rule);
    case LIST_MATCH:
        question_note(&relay, "exempt");
        question_next(question, &relay);
        question_note(&rule, "exempt");
        return question_next(question, &rule);
    }
    return question_end(question, REASON_INTERNAL, &relay);
}

static bool
ask_intact(const struct question *question)
{
    const struct decision *decision = question->decision;
    return question_intact(question, question_user_organization(question)) &&
           question_intact(question, decision->sender_organization) &&
           question_intact(question, decision->recipient_organization);
}

/* A recipient that the organization's source could not be asked about. */
static bool
conclude_unverifiable(const struct question *question)
{
    const struct organization *organization = question->decision->recipient_organization;
    struct rule_ref rule = question_organization_rule(organization, "unverifiable_recipient",
                                                      organization->unverifiable_recipient_origin);
    switch (organization->unverifiable_recipient) {
    case UNVERIFIABLE_DEFER:
        break;
    case UNVERIFIABLE_ACCEPT:
        question_note(&rule, "accept");
        return question_next(question, &rule);
    }
    question_note(&rule, "defer");
    return question_end(question, REASON_RECIPIENT_UNVERIFIABLE, &rule);
}

static bool
conclude_recipient(const struct question *question, struct rule_ref *rule)
{
    switch (question->facts->recipient) {
    case KNOWLEDGE_NOT_ASKED:
        return question_need(question, ASKS_RECIPIENT, rule);
    case KNOWLEDGE_CANNOT_TELL:
        question_note(rule, "cannot tell whether the recipient exists");
        question_next(question, rule);
        return conclude_unverifiable(question);
    case KNOWLEDGE_UNKNOWN:
        question_note(rule, "the recipient does not exist");
        return question_end(question, REASON_RECIPIENT_UNKNOWN, rule);
    case KNOWLEDGE_KNOWN:
        question_note(rule, "the recipient exists");
        return question_next(question, rule);
    }
    return question_end(question, REASON_INTERNAL, rule);
}

static bool
ask_recipient(const struct question *question)
{
    const struct decision *decision = question->decision;
    const struct organization *organization = decision->recipient_organization;
    if (organization == NULL)
        return true;
    struct rule_ref rule =
        question_organization_rule(organization, "recipients", organization->recipients_origin);
    if (organization->recipients == NULL)
        return question_next(question, &rule);
    if (decision->recipient.mailbox.domain[0] == '\0') {
        question_note(&rule, "<postmaster> is not looked up (RFC 5321 4.5.1)");
        return question_next(question, &rule);
    }
    return conclude_recipient(question, &rule);
}

/* Names what let the recipient in: its organization, or the right to relay. */
static void
accept(const struct question *question)
{
    const struct organization *organization = question->decision->recipient_organization;
    struct rule_ref rule;
    if (organization != NULL)
        rule = question_organization_rule(organization, "domains", organization->origin);
    else
        relay_ask(question, &rule);
    question_end(question, REASON_RECIPIENT_OK, &rule);
}

/* Design "Precedence" and section 5. */
static bool (*const rules[])(const struct question *question) = {
    ask_request,        question_ban,        question_listener, ask_tls,         ask_window,
    ask_auth,           ask_intact,          sender_ask_role,   sender_ask_auth, sender_ask_match,
    sender_ask_address, relay_ask_recipient, ask_recipient,     rules_ask,
};

void
decide_recipient(const struct tenancy *tenancy, const struct decide_settings *settings,
                 const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    *decision_r = (struct decision){.listener = question_find_listener(tenancy, facts)};
    struct question question = {.tenancy = tenancy,
                                .settings = settings,
                                .facts = facts,
                                .trail = trail,
                                .decision = decision_r};
    if (question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        accept(&question);
    if (decision_r->verdict.action == VERDICT_ACCEPT)
        relay_route_recipient(&question);
}
