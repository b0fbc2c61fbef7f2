#include "decide_owned.h"

#include <string.h>

#include "access.h"
#include "domain_key.h"
#include "owners.h"

/* What an address is held against: itself, and with match_detail the one without its detail. */
struct wanted {
    struct mailbox whole, bare;
    char domain[DOMAIN_KEY_MAX + 1]; /* of both, as DNS has it */
    bool has_bare;
};

static void
want(const struct demand *demand, struct wanted *wanted_r)
{
    *wanted_r = (struct wanted){.whole = *demand->address, .bare = *demand->address};
    domain_key(demand->address->domain, wanted_r->domain);
    char *plus = strchr(wanted_r->bare.local, '+');
    wanted_r->has_bare = demand->organization != NULL && demand->organization->match_detail &&
                         plus != NULL && plus != wanted_r->bare.local;
    if (wanted_r->has_bare)
        *plus = '\0';
}

static bool
is_wanted(const struct wanted *wanted, const char *name)
{
    struct mailbox own;
    if (mailbox_parse(name, strlen(name), &own, NULL) != 0)
        return false;
    if (strcmp(own.local, wanted->whole.local) != 0 &&
        !(wanted->has_bare && strcmp(own.local, wanted->bare.local) == 0))
        return false;
    char domain[DOMAIN_KEY_MAX + 1];
    domain_key(own.domain, domain);
    return strcmp(domain, wanted->domain) == 0;
}

static bool
is_among(const struct wanted *wanted, const struct owned_addresses *owned)
{
    for (size_t i = 0; i < owned->count; i++)
        if (is_wanted(wanted, owned->addresses[i]))
            return true;
    return false;
}

static bool
refuse(const struct question *question, struct demand *demand)
{
    question_note(&demand->rule, demand->words->not_owned);
    return question_end(question, demand->refusal, &demand->rule);
}

static bool
accept(const struct question *question, struct demand *demand, const char *why)
{
    question_note(&demand->rule, why);
    return question_next(question, &demand->rule);
}

/* Where nothing that is certain settles it. */
static bool
ask_sources(const struct question *question, struct demand *demand, const struct wanted *wanted)
{
    if (!demand->may_own)
        return refuse(question, demand);
    switch (question->facts->owned.knowledge) {
    case KNOWLEDGE_NOT_ASKED:
        return question_need(question, ASKS_OWNED, &demand->rule);
    case KNOWLEDGE_CANNOT_TELL:
        question_note(&demand->rule, demand->words->cannot_tell);
        return question_end(question, REASON_AUTH_SOURCE_UNAVAILABLE, &demand->rule);
    case KNOWLEDGE_UNKNOWN:
        break;
    case KNOWLEDGE_KNOWN:
        if (is_among(wanted, &question->facts->owned))
            return accept(question, demand, demand->words->owned);
        break;
    }
    return refuse(question, demand);
}

/* One tenant's list says nothing about another's addresses. */
static bool
may_give(const struct question *question, const struct organization *organization,
         const struct mailbox *address)
{
    const struct organization *owner = tenancy_owner(question->tenancy, address->domain);
    return owner == NULL || owner == organization;
}

static bool
ask_owners(const struct question *question, struct demand *demand, const struct wanted *wanted)
{
    const struct organization *organization = demand->organization;
    if (organization == NULL || organization->sender_owners == NULL)
        return ask_sources(question, demand, wanted);
    const struct owners *owners = organization->sender_owners;
    const char *user = question->decision->user.text;
    struct rule_ref rule = question_organization_rule(organization, "sender_owners",
                                                      organization->sender_owners_origin);
    if (!may_give(question, organization, demand->address))
        question_note(&rule, "the address is another organization's");
    else if (owners_has(owners, &wanted->whole, user, &rule.hit) ||
             (wanted->has_bare && owners_has(owners, &wanted->bare, user, &rule.hit))) {
        question_note(&rule, "given to the user");
        question_next(question, &rule);
        return accept(question, demand, demand->words->owned);
    }
    question_next(question, &rule);
    return ask_sources(question, demand, wanted);
}

/* MDaemon: "the white listed address must match the address in the message's Return-Path" and "in
 * the message's From: header". */
static bool
ask_exemption(const struct question *question, struct demand *demand, const struct wanted *wanted)
{
    const struct organization *organization = demand->organization;
    if (organization == NULL)
        return ask_owners(question, demand, wanted);
    struct rule_ref rule =
        question_organization_rule(organization, demand->exempting, demand->exempt.origin);
    char address[MAILBOX_TEXT_MAX];
    mailbox_format(demand->address, address);
    switch (access_ask_list_name(demand->exempt.list, address, &rule)) {
    case LIST_CANNOT_TELL:
        return question_end(question, REASON_INTERNAL, &rule);
    case LIST_NO_MATCH:
        question_next(question, &rule);
        return ask_owners(question, demand, wanted);
    case LIST_MATCH:
        question_note(&rule, "exempt");
        question_next(question, &rule);
        return accept(question, demand, "exempt");
    }
    return question_end(question, REASON_INTERNAL, &rule);
}

bool
owned_ask(const struct question *question, struct demand *demand)
{
    struct wanted wanted;
    want(demand, &wanted);
    return is_wanted(&wanted, question->decision->user.text)
               ? question_next(question, &demand->rule)
               : ask_exemption(question, demand, &wanted);
}
