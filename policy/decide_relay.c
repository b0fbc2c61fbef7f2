#include "decide_relay.h"

#include <stdio.h>

#include "access.h"

/* Whether the user's own right is to relay (SMG 7: "any user that has authentication", SMG 8:
 * "individually selected OU's"). Who has not authenticated "is considered external". */
static bool
has_right(const struct question *question, struct rule_ref *rule)
{
    const struct listener *listener = question->decision->listener;
    const struct organization *organization = question_user_organization(question);
    if (!question_is_authenticated(question)) {
        question_note(rule, "the client has not authenticated");
        return false;
    }
    switch (listener->relay) {
    case RELAY_NONE:
        question_note(rule, "nobody may relay by authenticating");
        return false;
    case RELAY_ALL:
        question_note(rule, "whoever authenticates may relay");
        return true;
    case RELAY_ORGANIZATIONS:
        break;
    }
    bool selected =
        organization != NULL && nameset_has(&listener->relay_organizations, organization->name);
    question_note(rule, selected ? "the user's organization may relay"
                                 : "the user's organization is not in relay_organizations");
    return selected;
}

enum relay_answer
relay_ask(const struct question *question, struct rule_ref *rule_r)
{
    const struct listener *listener = question->decision->listener;
    *rule_r = question_listener_rule(question, "relay", listener->relay_origin);
    if (has_right(question, rule_r))
        return RELAY_GRANTED;
    struct rule_ref by_address =
        question_listener_rule(question, "relay_ips", listener->relay_ips.origin);
    switch (
        access_ask_list_address(listener->relay_ips.list, &question->facts->client, &by_address)) {
    case LIST_CANNOT_TELL:
        *rule_r = by_address;
        return RELAY_CANNOT_TELL;
    case LIST_NO_MATCH:
        return RELAY_DENIED;
    case LIST_MATCH:
        *rule_r = by_address;
        return RELAY_GRANTED;
    }
    return RELAY_CANNOT_TELL;
}

bool
relay_ask_recipient(const struct question *question)
{
    const struct decision *decision = question->decision;
    struct rule_ref rule =
        question_listener_rule(question, "relay", decision->listener->relay_origin);
    if (decision->recipient_organization != NULL) {
        question_note(&rule, "the recipient is in an organization");
        return question_next(question, &rule);
    }
    struct rule_ref asked;
    switch (relay_ask(question, &asked)) {
    case RELAY_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &asked);
    case RELAY_DENIED:
        question_note(&rule, "the recipient's domain is in no organization");
        question_note(&rule, asked.detail);
        return question_end(question, REASON_RELAY_DENIED, &rule);
    case RELAY_GRANTED:
        return question_next(question, &asked);
    }
    return question_end(question, REASON_INTERNAL, &rule);
}

bool
relay_ask_login(const struct question *question)
{
    if (question->facts->protocol != PROTOCOL_SMTP)
        return true;
    const struct listener *listener = question->decision->listener;
    struct rule_ref rule = question_listener_rule(question, "relay", listener->relay_origin);
    if (!has_right(question, &rule))
        question_note(&rule, "goes to upstream_inbound");
    return question_next(question, &rule);
}

static void
route_to(const struct question *question, struct upstream *upstream, const char *setting)
{
    struct decision *decision = question->decision;
    decision->upstream = upstream;
    if (upstream == NULL)
        decision->verdict.rule =
            question_listener_rule(question, setting, decision->listener->origin);
}

/* The one that a listener or an organization has for a protocol; NULL: none. */
static struct upstream *
of_protocol(enum protocol protocol, struct upstream *any, struct upstream *imap,
            struct upstream *pop3)
{
    struct upstream *own = NULL;
    switch (protocol) {
    case PROTOCOL_IMAP:
        own = imap;
        break;
    case PROTOCOL_POP3:
        own = pop3;
        break;
    case PROTOCOL_SMTP:
    case PROTOCOL_HTTP:
        break;
    }
    return own != NULL ? own : any;
}

/* The upstream that trusts: the user's organization's before the listener's, of each the
 * protocol's before the one for all. */
static struct upstream *
trusting_upstream(const struct question *question)
{
    const enum protocol protocol = question->facts->protocol;
    const struct organization *user_of = question_user_organization(question);
    const struct listener *listener = question->decision->listener;
    struct upstream *own = NULL;
    if (user_of != NULL)
        own = of_protocol(protocol, user_of->upstream, user_of->upstream_imap,
                          user_of->upstream_pop3);
    return own != NULL ? own
                       : of_protocol(protocol, listener->upstream, listener->upstream_imap,
                                     listener->upstream_pop3);
}

void
relay_route_recipient(const struct question *question)
{
    const struct decision *decision = question->decision;
    struct upstream *upstream = trusting_upstream(question);
    struct rule_ref rule = {.detail = ""};
    /* A printer's mail to a user of ours needs no upstream that relays. */
    if (upstream == NULL && decision->recipient_organization != NULL &&
        !has_right(question, &rule)) {
        route_to(question, decision->listener->upstream_inbound, "upstream_inbound");
        return;
    }
    switch (relay_ask(question, &rule)) {
    case RELAY_CANNOT_TELL:
        question_end(question, REASON_INTERNAL, &rule);
        return;
    case RELAY_DENIED:
        route_to(question, decision->listener->upstream_inbound, "upstream_inbound");
        return;
    case RELAY_GRANTED:
        route_to(question, upstream, "upstream");
        return;
    }
}

void
relay_route_login(const struct question *question)
{
    const struct decision *decision = question->decision;
    struct rule_ref rule = {.detail = ""};
    switch (question->facts->protocol) {
    case PROTOCOL_HTTP: /* the web page is nginx's own business */
        return;
    case PROTOCOL_POP3:
    case PROTOCOL_IMAP:
        break;
    case PROTOCOL_SMTP:
        if (!has_right(question, &rule)) {
            route_to(question, decision->listener->upstream_inbound, "upstream_inbound");
            return;
        }
        break;
    }
    route_to(question, trusting_upstream(question), "upstream");
}
