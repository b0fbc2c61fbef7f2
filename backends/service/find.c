#include "find.h"

#include "find_owned.h"
#include "log.h"
#include "own_question.h"

/* For the log. */
static const char *
word_of(enum knowledge knowledge)
{
    switch (knowledge) {
    case KNOWLEDGE_NOT_ASKED:
    case KNOWLEDGE_CANNOT_TELL:
        return "cannot tell";
    case KNOWLEDGE_UNKNOWN:
        return "unknown";
    case KNOWLEDGE_KNOWN:
        return "known";
    }
    return "cannot tell";
}

/* Whether the other organization's servers know the sender. */
static enum knowledge
ask_organization(const struct organization *organization, const struct mailbox *sender,
                 struct deadline deadline)
{
    if (organization->recipients == NULL)
        return source_chain_knows(organization->sources, sender, deadline);
    struct recipient_result result;
    source_recipient(organization->recipients, sender, deadline, &result);
    return result.knowledge;
}

/* One organization that knows the sender is enough; one that cannot tell might have. */
static enum knowledge
find_sender_elsewhere(const char *session, struct deadline deadline,
                      const struct decision *decision)
{
    const struct organization *of = decision->sender_organization;
    enum knowledge found = KNOWLEDGE_UNKNOWN;
    for (size_t i = 0; i < of->shared_with_count && found != KNOWLEDGE_KNOWN; i++) {
        const struct organization *other = of->shared_with[i];
        enum knowledge answer = ask_organization(other, &decision->sender.mailbox, deadline);
        log_event(LOG_DEBUG, "sender.asked", LOG_STR("session", session),
                  LOG_STR("organization", other->name), LOG_STR("outcome", word_of(answer)));
        if (answer != KNOWLEDGE_UNKNOWN)
            found = answer == KNOWLEDGE_KNOWN ? KNOWLEDGE_KNOWN : KNOWLEDGE_CANNOT_TELL;
    }
    return found;
}

static enum knowledge
find_recipient(struct find *find, const struct decision *decision)
{
    struct source *source = decision->recipient_organization->recipients;
    struct recipient_asked *asked = &find->recipient;
    asked->source = source;
    source_recipient(source, &decision->recipient_address, find->deadline, &asked->result);
    log_event(LOG_DEBUG, "recipient.asked", LOG_STR("session", find->session),
              LOG_STR("source", source_name(source)),
              LOG_STR("outcome", word_of(asked->result.knowledge)));
    return asked->result.knowledge;
}

/* Asked again, it would wait for itself. */
static bool
is_own_question(const struct find *find, const struct facts *facts, struct decision *decision)
{
    char address[MAILBOX_TEXT_MAX];
    mailbox_format(&decision->recipient_address, address);
    return own_question_refuse(find->session, find->helo, address, facts, decision);
}

/* There are three facts to find out, so the fourth decision is the last; should it ask once more it
 * is what it is while it asks: a temporary failure. */
void
find_and_decide(struct find *find, find_decide *decide, struct facts *facts,
                struct decision *decision_r)
{
    enum { FACTS = 3 };
    const struct site *site = find->site;
    find->recipient = (struct recipient_asked){0};
    for (int found = 0; found <= FACTS; found++) {
        decide(site->tenancy, &site->settings.decide, facts, NULL, decision_r);
        switch (decision_r->asks) {
        case ASKS_NOTHING:
            return;
        case ASKS_SENDER_ELSEWHERE:
            facts->sender_elsewhere =
                find_sender_elsewhere(find->session, find->deadline, decision_r);
            break;
        case ASKS_RECIPIENT:
            if (is_own_question(find, facts, decision_r))
                return;
            facts->recipient = find_recipient(find, decision_r);
            break;
        case ASKS_OWNED:
            facts->owned = find_owned(find, &facts->client, decision_r);
            break;
        }
    }
}

void
find_fini(struct find *find)
{
    if (find->has_account)
        verify_result_fini(&find->account);
    find->has_account = false;
}
