/* sender_ask_match: whether the sender is the user's. */
#include <string.h>

#include "access.h"
#include "decide_sender.h"

/* Whether a name or an address of the user is the sender's. All are in lower case. */
static bool
is_sender(const struct decision *decision, const char *name)
{
    const struct mailbox *sender = &decision->sender.mailbox;
    struct mailbox own;
    if (mailbox_parse(name, strlen(name), &own, NULL) != 0)
        return false;
    return strcmp(own.local, sender->local) == 0 && strcmp(own.domain, sender->domain) == 0;
}

static bool
is_among(const struct decision *decision, const struct owned_addresses *owned)
{
    for (size_t i = 0; i < owned->count; i++)
        if (is_sender(decision, owned->addresses[i]))
            return true;
    return false;
}

/* A demand that the sender be the user's, and what can satisfy it. */
struct match {
    struct rule_ref rule;
    const struct organization *exempting; /* its match_exempt_senders count; NULL: nobody's do */
    bool is_demanded;
    bool may_own; /* the user's own sources are believed about the sender */
};

/* Where neither the name nor the list of exemptions settles it. */
static bool
ask_owned(const struct question *question, struct match *match)
{
    if (match->may_own)
        switch (question->facts->owned.knowledge) {
        case KNOWLEDGE_NOT_ASKED:
            return question_need(question, ASKS_OWNED, &match->rule);
        case KNOWLEDGE_CANNOT_TELL:
            question_note(&match->rule, "cannot tell whether the user owns the sender");
            return question_end(question, REASON_AUTH_SOURCE_UNAVAILABLE, &match->rule);
        case KNOWLEDGE_UNKNOWN:
            break;
        case KNOWLEDGE_KNOWN:
            if (!is_among(question->decision, &question->facts->owned))
                break;
            question_note(&match->rule, "the user owns the sender");
            return question_next(question, &match->rule);
        }
    question_note(&match->rule, "the sender is not the authenticated user");
    return question_end(question, REASON_SENDER_MISMATCH, &match->rule);
}

/* MDaemon: "the white listed address must match the address in the message's Return-Path." Asked
 * before the sources are, so that no outage is in the way of who is exempt. */
static bool
ask_match_exemption(const struct question *question, struct match *match)
{
    if (match->exempting == NULL)
        return ask_owned(question, match);
    const struct list_setting *exempt = &match->exempting->match_exempt_senders;
    struct rule_ref rule =
        question_organization_rule(match->exempting, "match_exempt_senders", exempt->origin);
    char sender[MAILBOX_TEXT_MAX];
    mailbox_format(&question->decision->sender.mailbox, sender);
    switch (access_ask_list_name(exempt->list, sender, &rule)) {
    case LIST_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &rule);
    case LIST_NO_MATCH:
        question_next(question, &rule);
        return ask_owned(question, match);
    case LIST_MATCH:
        question_note(&rule, "exempt");
        question_next(question, &rule);
        question_note(&match->rule, "exempt");
        return question_next(question, &match->rule);
    }
    return question_end(question, REASON_INTERNAL, &rule);
}

static bool
ask_match(const struct question *question, struct match *match)
{
    const struct decision *decision = question->decision;
    bool passes = !match->is_demanded || decision->sender.kind != PATH_MAILBOX ||
                  is_sender(decision, decision->user.text);
    return passes ? question_next(question, &match->rule) : ask_match_exemption(question, match);
}

/* SMG 18: "it may only issue a MAIL FROM command that matches the user name." */
static bool
ask_match_of_account(const struct question *question)
{
    if (!question->facts->matching_sender)
        return true;
    struct match match = {
        .rule = question_listener_rule(question, "smtp_auth",
                                       question->decision->listener->relay_window_origin),
        .exempting = question_user_organization(question),
        .is_demanded = true,
        .may_own = true,
    };
    question_note(&match.rule, "matching-sender");
    return ask_match(question, &match);
}

static bool
ask_match_of(const struct question *question, const struct organization *organization,
             bool is_users)
{
    if (organization == NULL)
        return true;
    struct match match = {
        .rule = question_organization_rule(organization, "match_sender",
                                           organization->match_sender_origin),
        .exempting = organization,
        .is_demanded = organization->match_sender,
        .may_own = is_users,
    };
    return ask_match(question, &match);
}

/* MDaemon holds the user's own organization against him wherever he claims to be; SMG 9.2.2 "always
 * take[s] the sender email address into consideration": without the last question one tenant's
 * users could send as another's. So the sources of one are not believed about the other's names. */
bool
sender_ask_match(const struct question *question)
{
    if (!question_is_authenticated(question))
        return true;
    const struct organization *users = question_user_organization(question),
                              *senders = question->decision->sender_organization;
    if (!ask_match_of_account(question) || !ask_match_of(question, users, true))
        return false;
    return senders == users || ask_match_of(question, senders, false);
}
