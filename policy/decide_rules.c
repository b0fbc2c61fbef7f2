#include "decide_rules.h"

#include "access.h"

/* What the lists of senders and recipients are asked about, written once for all rules. */
struct addresses {
    const char *sender, *recipient; /* NULL: there is none that a list could hold */
    char sender_text[MAILBOX_TEXT_MAX], recipient_text[MAILBOX_TEXT_MAX];
};

static void
write_addresses(const struct decision *decision, struct addresses *addresses)
{
    addresses->sender = addresses->recipient = NULL;
    if (decision->sender.kind == PATH_MAILBOX) {
        mailbox_format(&decision->sender.mailbox, addresses->sender_text);
        addresses->sender = addresses->sender_text;
    }
    if (decision->recipient.kind == PATH_MAILBOX) {
        mailbox_format(&decision->recipient_address, addresses->recipient_text);
        addresses->recipient = addresses->recipient_text;
    }
}

static bool
meets(enum condition condition, bool fact)
{
    switch (condition) {
    case CONDITION_ANY:
        return true;
    case CONDITION_YES:
        return fact;
    case CONDITION_NO:
        return !fact;
    }
    return false;
}

static bool
has_organization(const struct nameset *names, const struct organization *organization)
{
    return organization != NULL && nameset_has(names, organization->name);
}

static bool
concerns(const struct nameset *organizations, const struct question *question)
{
    const struct decision *decision = question->decision;
    return has_organization(organizations, question_user_organization(question)) ||
           has_organization(organizations, decision->sender_organization) ||
           has_organization(organizations, decision->recipient_organization);
}

/* The name of a condition without a list that does not hold, or NULL. */
static const char *
find_unmet(const struct rule *rule, const struct question *question)
{
    const struct facts *facts = question->facts;
    if (!meets(rule->authenticated, question_is_authenticated(question)))
        return "authenticated";
    if (!meets(rule->tls, facts->tls))
        return "tls";
    if (rule->protocols != 0 && (rule->protocols & PROTOCOL_BIT(facts->protocol)) == 0)
        return "protocol";
    if (!nameset_is_empty(&rule->listeners) &&
        !nameset_has(&rule->listeners, question->decision->listener->name))
        return "listeners";
    if (!nameset_is_empty(&rule->organizations) && !concerns(&rule->organizations, question))
        return "organizations";
    return NULL;
}

/* The conditions that are lists, in the order in which they are asked. */
enum list_condition { CLIENTS, SENDERS, RECIPIENTS, LIST_CONDITIONS };

/* What is not there is in no list. */
static enum list_answer
ask_name(const struct list *list, const char *name, struct rule_ref *ref)
{
    if (list == NULL)
        return LIST_MATCH;
    if (name != NULL)
        return access_ask_list_name(list, name, ref);
    question_note(ref, "there is none");
    return LIST_NO_MATCH;
}

static enum list_answer
ask_list(enum list_condition condition, const struct rule *rule, const struct question *question,
         const struct addresses *addresses, struct rule_ref *ref)
{
    switch (condition) {
    case CLIENTS:
        return rule->clients == NULL
                   ? LIST_MATCH
                   : access_ask_list_address(rule->clients, &question->facts->client, ref);
    case SENDERS:
        return ask_name(rule->senders, addresses->sender, ref);
    case RECIPIENTS:
        return ask_name(rule->recipients, addresses->recipient, ref);
    case LIST_CONDITIONS:
        break;
    }
    return LIST_CANNOT_TELL;
}

/* Adds to the section's ref what one of its lists said. */
static struct rule_ref
ref_of(const struct rule_ref *section, enum list_condition condition, const struct rule_ref *asked)
{
    static const char *const names[] = {
        [CLIENTS] = "clients", [SENDERS] = "senders", [RECIPIENTS] = "recipients"};
    struct rule_ref ref = *section;
    ref.hit = asked->hit;
    question_note(&ref, names[condition]);
    question_note(&ref, asked->detail);
    return ref;
}

/* Asks the lists: one that surely does not hold settles it, whatever another cannot tell. ref gets
 * what the list said that settled it, or the last that held. */
static enum list_answer
ask_lists(const struct rule *rule, const struct question *question,
          const struct addresses *addresses, struct rule_ref *ref)
{
    const struct rule_ref section = *ref;
    enum list_answer all = LIST_MATCH;
    for (enum list_condition condition = CLIENTS; condition < LIST_CONDITIONS; condition++) {
        struct rule_ref asked = {.detail = ""};
        enum list_answer answer = ask_list(condition, rule, question, addresses, &asked);
        if (answer == LIST_NO_MATCH || (all == LIST_MATCH && asked.detail[0] != '\0'))
            *ref = ref_of(&section, condition, &asked);
        if (answer == LIST_NO_MATCH)
            return LIST_NO_MATCH;
        if (answer == LIST_CANNOT_TELL)
            all = LIST_CANNOT_TELL;
    }
    return all;
}

static bool
conclude(const struct question *question, const struct rule *rule, const struct rule_ref *ref)
{
    if (rule->action == RULE_TAG)
        question->decision->tagged_by = rule;
    return question_end_by_rule(question, rule, ref);
}

static bool
ask_rule(const struct rule *rule, const struct question *question,
         const struct addresses *addresses)
{
    struct rule_ref ref = {
        .origin = rule->origin, .section_kind = "rule", .section_name = rule->name};
    const char *unmet = find_unmet(rule, question);
    if (unmet != NULL) {
        question_note(&ref, unmet);
        question_note(&ref, "does not hold");
        return question_next(question, &ref);
    }
    switch (ask_lists(rule, question, addresses, &ref)) {
    case LIST_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &ref);
    case LIST_NO_MATCH:
        return question_next(question, &ref);
    case LIST_MATCH:
        return conclude(question, rule, &ref);
    }
    return question_end(question, REASON_INTERNAL, &ref);
}

bool
rules_ask(const struct question *question)
{
    size_t count;
    const struct rule *const *rules = tenancy_rules(question->tenancy, &count);
    if (count == 0)
        return true;
    struct addresses addresses;
    write_addresses(question->decision, &addresses);
    for (size_t i = 0; i < count; i++)
        if (!ask_rule(rules[i], question, &addresses))
            return false;
    return true;
}
