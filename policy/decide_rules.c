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

/* The message guard knows of TLS what the mail server knows, and nginx ends it before: where it was
 * demanded there was TLS, else nobody can tell and no condition about it holds. */
static bool
meets_tls(enum condition condition, const struct question *question)
{
    const struct message_facts *message = question->facts->message;
    if (message == NULL || message->tls_known)
        return meets(condition, question->facts->tls);
    if (question->decision->listener->require_tls)
        return meets(condition, true);
    return condition == CONDITION_ANY;
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

/* Whether the rule asks about what is known only once the whole message is. */
static bool
asks_message(const struct rule *rule)
{
    return rule->size_over > 0 || rule->recipients_over > 0 || rule->header_from != NULL;
}

/* The same, of the message's numbers. A login comes before all messages. */
static const char *
find_unmet_of_message(const struct rule *rule, const struct question *question)
{
    const struct facts *facts = question->facts;
    if (facts->method != METHOD_NONE)
        return asks_message(rule) ? "message" : NULL;
    if (!question->is_whole_message)
        return NULL;
    if (rule->size_over > 0 && facts->message->size <= rule->size_over)
        return "size_over";
    if (rule->recipients_over > 0 && facts->message->recipients <= rule->recipients_over)
        return "recipients_over";
    return NULL;
}

/* The name of a condition without a list that does not hold, or NULL. */
static const char *
find_unmet(const struct rule *rule, const struct question *question)
{
    const struct facts *facts = question->facts;
    if (!meets(rule->authenticated, question_is_authenticated(question)))
        return "authenticated";
    if (!meets_tls(rule->tls, question))
        return "tls";
    if (rule->protocols != 0 && (rule->protocols & PROTOCOL_BIT(facts->protocol)) == 0)
        return "protocol";
    if (!nameset_is_empty(&rule->listeners) &&
        !nameset_has(&rule->listeners, question->decision->listener->name))
        return "listeners";
    if (!nameset_is_empty(&rule->organizations) && !concerns(&rule->organizations, question))
        return "organizations";
    return find_unmet_of_message(rule, question);
}

/* The conditions that are lists, in the order in which they are asked. */
enum list_condition { CLIENTS, SENDERS, RECIPIENTS, HEADER_FROM, LIST_CONDITIONS };

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

/* One of the mailboxes of From: is enough; one that the list cannot tell, or that has not been
 * found, might be in it. */
static enum list_answer
ask_authors(const struct list *list, const struct question *question, struct rule_ref *ref)
{
    const struct message_facts *message = question->facts->message;
    if (list == NULL || !question->is_whole_message)
        return LIST_MATCH;
    enum list_answer any = message->misses_authors ? LIST_CANNOT_TELL : LIST_NO_MATCH;
    question_note(ref, message->misses_authors ? "more in From: than is looked at"
                                               : "none of From: is in it");
    for (size_t i = 0; i < message->shown_count; i++) {
        if (!message->shown[i].is_author)
            continue;
        char address[MAILBOX_TEXT_MAX];
        mailbox_format(&message->shown[i].mailbox, address);
        struct rule_ref asked = {.detail = ""};
        enum list_answer answer = access_ask_list_name(list, address, &asked);
        if (answer != LIST_NO_MATCH) {
            any = answer;
            *ref = asked;
        }
        if (answer == LIST_MATCH)
            break;
    }
    return any;
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
    case HEADER_FROM:
        return ask_authors(rule->header_from, question, ref);
    case LIST_CONDITIONS:
        break;
    }
    return LIST_CANNOT_TELL;
}

/* Adds to the section's ref what one of its lists said. */
static struct rule_ref
ref_of(const struct rule_ref *section, enum list_condition condition, const struct rule_ref *asked)
{
    static const char *const names[] = {[CLIENTS] = "clients",
                                        [SENDERS] = "senders",
                                        [RECIPIENTS] = "recipients",
                                        [HEADER_FROM] = "header_from"};
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

static void
conclude(const struct question *question, const struct rule *rule, const struct rule_ref *ref)
{
    if (rule->action == RULE_TAG)
        question->decision->tagged_by = rule;
    question_end_by_rule(question, rule, ref);
}

/* What is done about a rule. */
enum course {
    COURSE_END = 0,   /* the question has ended */
    COURSE_NEXT_RULE, /* it does not hold */
    COURSE_NO_MORE,   /* those behind it are not asked now */
};

/* A rule that may still come to hold once the message is there. One that would refuse is passed
 * over: it will be asked then. One that would let the message pass may yet keep those behind it
 * from refusing: they are asked then, too. */
static enum course
postpone(const struct question *question, const struct rule *rule, enum list_answer others,
         struct rule_ref *ref)
{
    bool lets_pass = rule->action == RULE_ACCEPT || rule->action == RULE_TAG;
    if (lets_pass && others == LIST_CANNOT_TELL) {
        question_end(question, REASON_INTERNAL, ref);
        return COURSE_END;
    }
    question_note(ref, "the message guard decides");
    question_next(question, ref);
    return lets_pass ? COURSE_NO_MORE : COURSE_NEXT_RULE;
}

static enum course
ask_rule(const struct rule *rule, const struct question *question,
         const struct addresses *addresses)
{
    struct rule_ref ref = {
        .origin = rule->origin, .section_kind = "rule", .section_name = rule->name};
    const char *unmet = find_unmet(rule, question);
    if (unmet != NULL) {
        question_note(&ref, unmet);
        question_note(&ref, "does not hold");
        question_next(question, &ref);
        return COURSE_NEXT_RULE;
    }
    enum list_answer answer = ask_lists(rule, question, addresses, &ref);
    if (answer != LIST_NO_MATCH && asks_message(rule) && !question->is_whole_message)
        return postpone(question, rule, answer, &ref);
    switch (answer) {
    case LIST_CANNOT_TELL:
        question_end(question, REASON_INTERNAL, &ref);
        return COURSE_END;
    case LIST_NO_MATCH:
        question_next(question, &ref);
        return COURSE_NEXT_RULE;
    case LIST_MATCH:
        conclude(question, rule, &ref);
        return COURSE_END;
    }
    return COURSE_END;
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
        switch (ask_rule(rules[i], question, &addresses)) {
        case COURSE_END:
            return false;
        case COURSE_NEXT_RULE:
            break;
        case COURSE_NO_MORE:
            return true;
        }
    return true;
}
