#include "decide_sender.h"

#include "access.h"

bool
sender_ask_role(const struct question *question)
{
    const struct decision *decision = question->decision;
    const struct nameset *roles = &decision->listener->roles_must_auth;
    struct rule_ref rule = question_listener_rule(question, "roles_must_auth", roles->origin);
    if (decision->sender_organization == NULL ||
        !nameset_has(roles, decision->sender.mailbox.local))
        return question_next(question, &rule);
    if (question_is_authenticated(question)) {
        question_note(&rule, "the client has authenticated");
        return question_next(question, &rule);
    }
    question_note(&rule, "the sender is among them");
    return question_end(question, REASON_ROLE_AUTH_REQUIRED, &rule);
}

static bool
senders_demand(const struct question *question, struct rule_ref *rule)
{
    const struct decision *decision = question->decision;
    const struct organization *organization = decision->sender_organization;
    *rule = question_organization_rule(organization, "authenticate_senders",
                                       organization->authenticate_senders_origin);
    switch (organization->authenticate_senders) {
    case SENDERS_NO:
        return false;
    case SENDERS_UNLESS_LOCAL:
        if (decision->recipient_organization == NULL)
            return true;
        question_note(rule, "the recipient is local");
        return false;
    case SENDERS_ALWAYS:
        return true;
    }
    return true;
}

static bool
inbound_demands(const struct question *question, struct rule_ref *rule)
{
    const struct decision *decision = question->decision;
    const struct organization *organization = decision->sender_organization;
    *rule = question_organization_rule(organization, "authenticate_inbound",
                                       organization->authenticate_inbound_origin);
    if (decision->recipient_organization != organization) {
        question_note(rule, "the recipient is in another organization or in none");
        return false;
    }
    switch (organization->authenticate_inbound) {
    case INBOUND_NO:
        return false;
    case INBOUND_WHEN_AUTH:
        if (decision->listener->auth != AUTH_OFF)
            return true;
        question_note(rule, "the listener's auth is off");
        return false;
    case INBOUND_ALWAYS:
        return true;
    }
    return true;
}

/* Whether the session goes on to the next exemption, and whether it needs no other. */
struct exemption {
    bool goes_on, exempt;
};

static struct exemption
exempt_by_address(const struct question *question)
{
    const struct organization *organization = question->decision->sender_organization;
    const struct access *access = &organization->auth_exempt_ips;
    struct rule_ref rule =
        question_organization_rule(organization, "auth_exempt_ips", access->origin);
    switch (access_ask_exemption(access, &question->facts->client, &rule)) {
    case ACCESS_CANNOT_TELL:
        break;
    case ACCESS_REFUSED:
        return (struct exemption){.goes_on = question_next(question, &rule)};
    case ACCESS_GRANTED:
        question_note(&rule, "exempt");
        return (struct exemption){.goes_on = question_next(question, &rule), .exempt = true};
    }
    return (struct exemption){.goes_on = question_end(question, REASON_INTERNAL, &rule)};
}

/* MDaemon: "By default, when Domain Sharing finds the sender on another server, that sender will be
 * exempt". */
static struct exemption
exempt_by_sharing(const struct question *question)
{
    const struct organization *organization = question->decision->sender_organization;
    struct rule_ref rule =
        question_organization_rule(organization, "shared_with", organization->shared_with_origin);
    if (organization->shared_with_count == 0)
        return (struct exemption){.goes_on = question_next(question, &rule)};
    switch (question->facts->sender_elsewhere) {
    case KNOWLEDGE_NOT_ASKED:
        return (struct exemption){.goes_on = question_need(question, ASKS_SENDER_ELSEWHERE, &rule)};
    case KNOWLEDGE_CANNOT_TELL:
        break;
    case KNOWLEDGE_UNKNOWN:
        question_note(&rule, "none of them knows the sender");
        return (struct exemption){.goes_on = question_next(question, &rule)};
    case KNOWLEDGE_KNOWN:
        question_note(&rule, "one of them knows the sender: exempt");
        return (struct exemption){.goes_on = question_next(question, &rule), .exempt = true};
    }
    question_note(&rule, "cannot tell whether one of them knows the sender");
    return (struct exemption){.goes_on =
                                  question_end(question, REASON_AUTH_SOURCE_UNAVAILABLE, &rule)};
}

/* Asks the exemptions of a demand in turn, then concludes. */
static bool
demand(const struct question *question, struct rule_ref *rule)
{
    struct exemption exemption = exempt_by_address(question);
    if (exemption.goes_on && !exemption.exempt)
        exemption = exempt_by_sharing(question);
    if (!exemption.goes_on)
        return false;
    if (exemption.exempt)
        question_note(rule, "exempt");
    return question_unless(question, !exemption.exempt, REASON_SENDER_AUTH_REQUIRED, rule);
}

/* Whether there is nothing to demand: the sender is nobody's, or the client has authenticated. */
static bool
is_settled(const struct question *question)
{
    const struct organization *organization = question->decision->sender_organization;
    if (organization == NULL)
        return true;
    if (!question_is_authenticated(question))
        return false;
    struct rule_ref rule = question_organization_rule(organization, "authenticate_senders",
                                                      organization->authenticate_senders_origin);
    question_note(&rule, "the client has authenticated");
    return question_next(question, &rule);
}

bool
sender_ask_auth(const struct question *question)
{
    struct rule_ref rule;
    if (is_settled(question))
        return true;
    if (senders_demand(question, &rule))
        return demand(question, &rule);
    question_next(question, &rule);
    if (inbound_demands(question, &rule))
        return demand(question, &rule);
    return question_next(question, &rule);
}

bool
sender_ask_always(const struct question *question)
{
    if (is_settled(question))
        return true;
    const struct organization *organization = question->decision->sender_organization;
    struct rule_ref rule = question_organization_rule(organization, "authenticate_senders",
                                                      organization->authenticate_senders_origin);
    if (organization->authenticate_senders == SENDERS_ALWAYS)
        return demand(question, &rule);
    return question_next(question, &rule);
}

bool
sender_ask_address(const struct question *question)
{
    const struct listener *listener = question->decision->listener;
    const struct netaddr *client = &question->facts->client;
    struct rule_ref local =
        question_listener_rule(question, "local_ips", listener->local_ips.origin);
    if (question_is_authenticated(question)) {
        question_note(&local, "the client has authenticated");
        return question_next(question, &local);
    }
    enum list_answer is_local = access_ask_list_address(listener->local_ips.list, client, &local);
    if (is_local == LIST_NO_MATCH)
        return question_next(question, &local);

    struct rule_ref trusted =
        question_listener_rule(question, "trusted_ips", listener->trusted_ips.origin);
    enum list_answer is_trusted =
        access_ask_list_address(listener->trusted_ips.list, client, &trusted);
    if (is_trusted == LIST_MATCH) {
        question_note(&trusted, "exempt");
        question_next(question, &trusted);
        question_note(&local, "exempt");
        return question_next(question, &local);
    }
    if (is_local == LIST_MATCH && is_trusted == LIST_CANNOT_TELL)
        return question_end(question, REASON_INTERNAL, &trusted);
    question_next(question, &trusted);
    enum reason reason = is_local == LIST_MATCH ? REASON_IP_AUTH_REQUIRED : REASON_INTERNAL;
    return question_end(question, reason, &local);
}
