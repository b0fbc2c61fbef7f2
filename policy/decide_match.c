/* sender_ask_match: whether the sender is the user's. */
#include "decide_owned.h"
#include "decide_sender.h"

static const struct owned_words words = {
    .owned = "the user owns the sender",
    .not_owned = "the sender is not the authenticated user",
    .cannot_tell = "cannot tell whether the user owns the sender",
};

/* organization: whose settings count; NULL: nobody's do. is_users: it is the user's own. */
static bool
ask_match(const struct question *question, const struct rule_ref *rule,
          const struct organization *organization, bool is_users)
{
    const struct smtp_path *sender = &question->decision->sender;
    if (sender->kind != PATH_MAILBOX)
        return question_next(question, rule);
    struct demand demand = {
        .rule = *rule,
        .refusal = REASON_SENDER_MISMATCH,
        .words = &words,
        .address = &sender->mailbox,
        .organization = organization,
        .exempting = "match_exempt_senders",
        .may_own = is_users,
    };
    if (organization != NULL)
        demand.exempt = organization->match_exempt_senders;
    return owned_ask(question, &demand);
}

/* SMG 18: "it may only issue a MAIL FROM command that matches the user name." */
static bool
ask_match_of_account(const struct question *question)
{
    const struct facts *facts = question->facts;
    const struct listener *listener = question->decision->listener;
    if (!facts->matching_sender)
        return true;
    bool by_window = facts->message == NULL || facts->message->authenticated == NULL;
    struct rule_ref rule = question_listener_rule(
        question, "smtp_auth", by_window ? listener->relay_window_origin : listener->origin);
    question_note(&rule, "matching-sender");
    return ask_match(question, &rule, question_user_organization(question), true);
}

static bool
ask_match_of(const struct question *question, const struct organization *organization,
             bool is_users)
{
    if (organization == NULL)
        return true;
    struct rule_ref rule =
        question_organization_rule(organization, "match_sender", organization->match_sender_origin);
    if (!organization->match_sender)
        return question_next(question, &rule);
    return ask_match(question, &rule, organization, is_users);
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
