#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build.h"
#include "domain.h"

/* Sources in the order they are asked. */
struct chosen {
    struct source **sources;
    size_t count;
};

static struct chosen
asked_first(const struct parts *sources)
{
    struct chosen first = {.sources = xcalloc(sources->count + 1, sizeof(struct source *))};
    for (size_t i = 0; i < sources->count; i++) {
        struct part *part = &sources->items[i];
        if (part->item != NULL && source_is_asked_first(part->item)) {
            first.sources[first.count++] = part->item;
            part->used = true;
        }
    }
    return first;
}

static bool
is_among(const struct chosen *chosen, const struct source *source)
{
    for (size_t i = 0; i < chosen->count; i++)
        if (chosen->sources[i] == source)
            return true;
    return false;
}

/* The organization's own sources. */
static struct chosen
own_sources(struct built_site *built, struct tenant *tenant, struct problems *problems)
{
    const struct section *section = tenant->section;
    const struct strings *names = &((const struct organization_values *)section->values)->sources;
    struct chosen own = {.sources = xcalloc(names->count + 1, sizeof(struct source *))};
    for (size_t i = 0; i < names->count; i++) {
        struct origin origin = names->origins[i];
        struct part *part =
            parts_refer(&built->sources, names->items[i], section, "sources", origin, problems);
        if (part == NULL || part->item == NULL)
            tenant->lacks_sources = true;
        else if (is_among(&own, part->item))
            section_problem_at(section, "sources", origin, problems, PROBLEM_ERROR,
                               "source \"%s\" is named twice", names->items[i]);
        else if (source_is_asked_first(part->item))
            section_problem_at(section, "sources", origin, problems, PROBLEM_WARNING,
                               "source \"%s\" need not be named: it is asked first for every "
                               "organization",
                               names->items[i]);
        else
            own.sources[own.count++] = part->item;
    }
    return own;
}

static struct source_chain *
add_chain(struct built_site *built, const struct chosen *first, const struct chosen *own,
          enum ambiguous_user ambiguous_user)
{
    struct source_chain *chain =
        source_chain_create(first->sources, first->count, own->sources, own->count, ambiguous_user);
    built->chains[built->chain_count++] = chain;
    return chain;
}

static void
claim_domain(struct built_site *built, struct organization *organization,
             const struct section *section, const char *domain, struct origin origin,
             struct problems *problems)
{
    struct err err;
    const char *base = strncmp(domain, "*.", 2) == 0 ? domain + 2 : domain;
    if (domain_check(base, strlen(base), &err) != 0)
        section_problem_at(section, "domains", origin, problems, PROBLEM_ERROR, "\"%s\": %s",
                           domain, err.text);
    else if (tenancy_claim_domain(built->site.tenancy, organization, domain, origin, &err) != 0)
        section_problem_at(section, "domains", origin, problems, PROBLEM_ERROR, "%s", err.text);
}

/* Under which names its users send. */
static void
read_matching(struct built_site *built, struct organization *organization,
              const struct section *section, struct problems *problems)
{
    const struct organization_values *values = section->values;
    struct parts *lists = &built->lists;
    organization->match_sender = values->match_sender;
    organization->match_sender_origin = section_origin(section, "match_sender");
    organization->match_exempt_senders =
        build_list_setting(lists, section, "match_exempt_senders", values->match_exempt_senders,
                           LIST_USER, "nobody is exempt", problems);
    organization->match_from = values->match_from;
    organization->match_from_origin = section_origin(section, "match_from");
    organization->match_exempt_from =
        build_list_setting(lists, section, "match_exempt_from", values->match_exempt_from,
                           LIST_USER, "no address is exempt", problems);
    organization->match_detail = values->match_detail;
    organization->sender_owners =
        build_owners(lists, section, "sender_owners", values->sender_owners,
                     "it gives nobody a sender", problems);
    organization->sender_owners_origin = section_origin(section, "sender_owners");
}

/* Who of its senders must log in, and who of its users may. */
static void
read_demands(struct built_site *built, struct organization *organization,
             const struct section *section, struct problems *problems)
{
    const struct organization_values *values = section->values;
    organization->authenticate_senders = (enum authenticate_senders)values->authenticate_senders;
    organization->authenticate_senders_origin = section_origin(section, "authenticate_senders");
    organization->authenticate_inbound = (enum authenticate_inbound)values->authenticate_inbound;
    organization->authenticate_inbound_origin = section_origin(section, "authenticate_inbound");
    organization->auth_exempt_ips = build_exemption(&built->lists, section, "auth_exempt_ips",
                                                    values->auth_exempt_ips, problems);
    organization->auth_users =
        build_access(&built->lists, section, "auth_users", values->auth_users, LIST_USER, problems);
}

/* Who knows its recipients. */
static void
read_recipients(struct built_site *built, struct tenant *tenant, struct problems *problems)
{
    struct organization *organization = tenant->organization;
    const struct section *section = tenant->section;
    const struct organization_values *values = section->values;
    struct origin origin = section_origin(section, "recipients");
    organization->recipients_origin = origin;
    organization->unverifiable_recipient =
        (enum unverifiable_recipient)values->unverifiable_recipient;
    organization->unverifiable_recipient_origin = section_origin(section, "unverifiable_recipient");
    if (values->recipients == NULL)
        return;
    struct part *part =
        parts_refer(&built->sources, values->recipients, section, "recipients", origin, problems);
    struct err err;
    if (part == NULL || part->item == NULL) {
        tenant->lacks_sources = true;
        return;
    }
    if (source_check_recipients(part->item, &err) != 0)
        section_problem(section, "recipients", problems, PROBLEM_ERROR,
                        "source \"%s\" cannot tell which recipients exist: %s", values->recipients,
                        err.text);
    organization->recipients = part->item;
}

/* Where its users' sessions go. */
static void
read_upstreams(struct built_site *built, struct organization *organization,
               const struct section *section, struct problems *problems)
{
    const struct organization_values *values = section->values;
    organization->upstream = build_upstream(built, section, "upstream", values->upstream, problems);
    organization->upstream_imap =
        build_upstream(built, section, "upstream_imap", values->upstream_imap, problems);
    organization->upstream_pop3 =
        build_upstream(built, section, "upstream_pop3", values->upstream_pop3, problems);
}

static void
build_organization(struct built_site *built, const struct section *section,
                   const struct chosen *first, struct problems *problems)
{
    if (section->name == NULL)
        return; /* conf has said so */
    struct organization *organization =
        tenancy_add_organization(built->site.tenancy, section->name, section->origin, NULL);
    if (organization == NULL)
        return; /* the name is taken: conf has said so */
    struct tenant *tenant = &built->tenants[built->tenant_count++];
    *tenant = (struct tenant){.organization = organization, .section = section};
    strmap_add(&built->tenants_by_name, section->name, tenant);
    const struct organization_values *values = section->values;
    for (size_t i = 0; i < values->domains.count; i++)
        claim_domain(built, organization, section, values->domains.items[i],
                     values->domains.origins[i], problems);
    read_upstreams(built, organization, section, problems);
    read_demands(built, organization, section, problems);
    read_matching(built, organization, section, problems);
    read_recipients(built, tenant, problems);

    struct chosen own = own_sources(built, tenant, problems);
    organization->sources =
        add_chain(built, first, &own, (enum ambiguous_user)values->ambiguous_user);
    free(own.sources);
    if (first->count == 0 && values->sources.count == 0)
        section_problem(section, NULL, problems, PROBLEM_WARNING,
                        "has no sources, and there is none of type users: nobody of it can log in");
}

/* Whether an organization can be asked if it knows a sender; true as long as a source of it is
 * missing. */
static bool
knows_senders(const struct tenant *tenant)
{
    return tenant->lacks_sources || tenant->organization->recipients != NULL ||
           source_chain_can_tell(tenant->organization->sources);
}

/* What an organization says about others. */
static void
read_shared_with(struct built_site *built, const struct tenant *tenant, struct problems *problems)
{
    static const char setting[] = "shared_with";
    const struct section *section = tenant->section;
    const struct strings *names =
        &((const struct organization_values *)section->values)->shared_with;
    struct nameset found;
    build_references(built->site.conf, "organization", section, setting, names, &found, problems);
    const struct organization **others =
        conf_keep(built->site.conf, xcalloc(names->count + 1, sizeof(struct organization *)));
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct tenant *other = strmap_get(&built->tenants_by_name, names->items[i]);
        if (other == tenant)
            section_problem_at(section, setting, names->origins[i], problems, PROBLEM_ERROR,
                               "an organization cannot share with itself");
        else if (other != NULL && !knows_senders(other))
            section_problem_at(
                section, setting, names->origins[i], problems, PROBLEM_WARNING,
                "organization \"%s\" cannot tell who is known there, so nobody is "
                "exempt for it: it has no recipients, and none of its sources can tell",
                names->items[i]);
        if (other != NULL)
            others[count++] = other->organization;
    }
    nameset_fini(&found);
    tenant->organization->shared_with = others;
    tenant->organization->shared_with_count = count;
    tenant->organization->shared_with_origin = section_origin(section, setting);
}

void
build_organizations(struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "organization", &count);
    built->chains = xcalloc(count + 1, sizeof(struct source_chain *));
    built->tenants = xcalloc(count + 1, sizeof *built->tenants);
    strmap_init(&built->tenants_by_name);

    struct chosen first = asked_first(&built->sources), none = {0};
    for (size_t i = 0; i < count; i++)
        build_organization(built, sections[i], &first, problems);
    built->site.users_chain = add_chain(built, &first, &none, AMBIGUOUS_REFUSE);
    free(first.sources);

    for (size_t i = 0; i < built->tenant_count; i++) {
        read_shared_with(built, &built->tenants[i], problems);
        build_delegated(built, built->tenants[i].organization, built->tenants[i].section, problems);
    }
}
