/* decide_recipient: the rules for a recipient without AUTH, in the order of precedence. */
#include "decide_limits.h"
#include "decide_relay.h"
#include "decide_request.h"
#include "decide_rules.h"
#include "decide_sender.h"
#include "decide_session.h"

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
    request_ask_recipient, question_ban,          question_listener,  session_ask_tls,
    session_ask_user,      session_ask_auth,      session_ask_intact, sender_ask_role,
    sender_ask_auth,       sender_ask_match,      sender_ask_address, relay_ask_recipient,
    ask_recipient,         limits_ask_recipients, limits_ask_user,    rules_ask,
};

void
decide_recipient(const struct tenancy *tenancy, const struct decide_settings *settings,
                 const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    struct question question = question_begin(tenancy, settings, facts, trail, decision_r);
    if (question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        accept(&question);
    /* The message guard stands behind the route. */
    if (decision_r->verdict.action == VERDICT_ACCEPT && facts->message == NULL)
        relay_route_recipient(&question);
}
