/* decide_header: the message guard's rules for what a message shows as its author and sender. */
#include <assert.h>

#include "decide_owned.h"
#include "decide_request.h"
#include "decide_session.h"

static const struct owned_words words = {
    .owned = "the user owns the address",
    .not_owned = "shows an address that is not the authenticated user's",
    .cannot_tell = "cannot tell whether the user owns the address",
};

static const struct organization *
owner_of(const struct question *question, const struct shown_address *shown)
{
    return tenancy_owner(question->tenancy, shown->mailbox.domain);
}

/* The delegated files of the user's organization and of those whose addresses are shown. */
static bool
ask_intact(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    if (!question_is_authenticated(question))
        return true;
    if (!question_intact(question, question_user_organization(question)))
        return false;
    for (size_t i = 0; i < message->shown_count; i++)
        if (!question_intact(question, owner_of(question, &message->shown[i])))
            return false;
    return true;
}

static struct rule_ref
rule_of(const struct organization *organization)
{
    return question_organization_rule(organization, "match_from", organization->match_from_origin);
}

static bool
ask_shown(const struct question *question, const struct organization *organization,
          const struct shown_address *shown, bool is_users)
{
    struct demand demand = {
        .rule = rule_of(organization),
        .refusal = REASON_FROM_MISMATCH,
        .words = &words,
        .address = &shown->mailbox,
        .organization = organization,
        .exempting = "match_exempt_from",
        .exempt = organization->match_exempt_from,
        .may_own = is_users,
    };
    question_note(&demand.rule, shown->header);
    return owned_ask(question, &demand);
}

/* What is wrong with the headers as such, or NULL. */
static const char *
find_fault(const struct message_facts *message)
{
    if (message->header_fault != NULL)
        return message->header_fault;
    for (size_t i = 0; i < message->shown_count; i++)
        if (message->shown[i].is_author)
            return NULL;
    return "From: shows no author";
}

/* MDaemon: "Credentials used must match those of the 'From:' header address". What cannot be shown
 * to be the user's is not. */
static bool
ask_users(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    const struct organization *organization = question_user_organization(question);
    if (organization == NULL)
        return true;
    struct rule_ref rule = rule_of(organization);
    if (!organization->match_from)
        return question_next(question, &rule);
    const char *fault = find_fault(message);
    if (fault != NULL) {
        question_note(&rule, fault);
        return question_end(question, REASON_FROM_MISMATCH, &rule);
    }
    for (size_t i = 0; i < message->shown_count; i++)
        if (!ask_shown(question, organization, &message->shown[i], true))
            return false;
    return true;
}

/* One tenant's users must not show another's addresses: the sources of the user are not believed
 * about them (SMG 9.2.2, as with sender_ask_match). */
static bool
ask_others(const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    const struct organization *users = question_user_organization(question);
    if (!question_is_authenticated(question))
        return true;
    for (size_t i = 0; i < message->shown_count; i++) {
        const struct shown_address *shown = &message->shown[i];
        const struct organization *owner = owner_of(question, shown);
        if (owner != NULL && owner != users && owner->match_from &&
            !ask_shown(question, owner, shown, false))
            return false;
    }
    return true;
}

/* What cannot be seen may be an address of whoever demands that only his users show them. */
static bool
ask_hidden(const struct question *question)
{
    const char *hides = question->facts->message->header_hides;
    if (hides == NULL || !question_is_authenticated(question))
        return true;
    const struct organization *demanding =
        tenancy_find_match_from(question->tenancy, question_user_organization(question));
    if (demanding == NULL)
        return true;
    struct rule_ref rule = rule_of(demanding);
    question_note(&rule, hides);
    return question_end(question, REASON_FROM_MISMATCH, &rule);
}

static bool (*const rules[])(const struct question *question) = {
    request_ask_mail, question_listener, session_ask_user, ask_intact,
    ask_users,        ask_others,        ask_hidden,
};

void
decide_header(const struct tenancy *tenancy, const struct decide_settings *settings,
              const struct facts *facts, const struct trail *trail, struct decision *decision_r)
{
    assert(facts->message != NULL);
    struct question question = question_begin(tenancy, settings, facts, trail, decision_r);
    if (question_ask(&question, rules, sizeof rules / sizeof rules[0]))
        question_accept_message(&question);
}
