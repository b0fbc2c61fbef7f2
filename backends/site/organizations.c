#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build.h"
#include "domain.h"

static const struct choice ambiguous[] = {
    {"refuse", AMBIGUOUS_REFUSE}, {"first", AMBIGUOUS_FIRST}, {0}};

static const struct choice sender_demands[] = {
    {"no", SENDERS_NO}, {"unless-local", SENDERS_UNLESS_LOCAL}, {"always", SENDERS_ALWAYS}, {0}};

static const struct choice inbound_demands[] = {
    {"no", INBOUND_NO}, {"when-auth", INBOUND_WHEN_AUTH}, {"always", INBOUND_ALWAYS}, {0}};

static const struct choice unverifiable[] = {
    {"defer", UNVERIFIABLE_DEFER}, {"accept", UNVERIFIABLE_ACCEPT}, {0}};

static const struct row rows[] = {
    {.name = "domains",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, domains),
     .required = true,
     .help = "The domains that it owns: acme.example, or *.acme.example for all below."},
    {.name = "sources",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, sources),
     .help = "The sources that know its users, in the order they are asked; sources of type users "
             "are asked before them."},
    {.name = "ambiguous_user",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, ambiguous_user),
     .preset = "refuse",
     .choices = ambiguous,
     .help =
         "When two of its sources know a name: refuse it, or let the first decide. Those of type "
         "smtp, imap and pop3 behind the one that took the password cannot tell, so they are not "
         "asked."},
    {.name = "recipients",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, recipients),
     .help = "The source that knows which recipients exist: mail to others is refused at the "
             "front door. Not set: all are taken. A source of type ldap searches for the address, "
             "one of type smtp asks its server by RCPT (callahead), one of type users knows its "
             "own names."},
    {.name = "unverifiable_recipient",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, unverifiable_recipient),
     .preset = "defer",
     .choices = unverifiable,
     .help = "When that source cannot tell, because it is down or does not say: ask the sending "
             "server to come again later, or take the mail."},
    {.name = "authenticate_senders",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, authenticate_senders),
     .preset = "no",
     .choices = sender_demands,
     .delegable = true,
     .help = "Whether mail whose sender is in one of its domains needs a login: no; unless-local: "
             "only to recipients outside of all organizations; always. It keeps others from "
             "writing in its name."},
    {.name = "authenticate_inbound",
     .type = ROW_CHOICE,
     .offset = offsetof(struct organization_values, authenticate_inbound),
     .preset = "no",
     .choices = inbound_demands,
     .delegable = true,
     .help = "Whether mail from one of its domains to one of its domains needs a login: no; "
             "when-auth: only where the listener's auth is not off; always, even where nobody can "
             "log in, so that all such mail is taken for forged."},
    {.name = "shared_with",
     .type = ROW_STRINGS,
     .offset = offsetof(struct organization_values, shared_with),
     .help =
         "Organizations that share its domains with other servers: a sender whom the "
         "recipients or sources of one of them know needs no login for authenticate_senders "
         "and authenticate_inbound (domain sharing). The users file does not count: its names are "
         "on no other server."},
    {.name = "match_sender",
     .type = ROW_BOOL,
     .offset = offsetof(struct organization_values, match_sender),
     .preset = "false",
     .delegable = true,
     .help = "Its users may send under their own names only, and nobody else under a name of its "
             "domains: MAIL FROM is the name that logged in, without case, or an address that its "
             "sources know to be the user's (mail_attribute of ldap); about another "
             "organization's names they are not believed. Bounces (<>) pass. nginx asks about the "
             "sender of those alone who came by a relay_window; after AUTH the mail server must "
             "look."},
    {.name = "match_exempt_senders",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct organization_values, match_exempt_senders),
     .delegable = true,
     .help =
         "A list of kind user: senders that match_sender, and matching-sender of an account "
         "(smtp_auth in a users file), let all of its users use. Not set or an empty list: none."},
    {.name = "auth_exempt_ips",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, auth_exempt_ips),
     .preset = "none",
     .delegable = true,
     .help = "Clients that need no login for authenticate_senders and authenticate_inbound: none, "
             "allow LIST (those in the list) or deny LIST (those not in it), with a list of kind "
             "ip. An empty list exempts nobody."},
    {.name = "auth_users",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, auth_users),
     .preset = "any",
     .delegable = true,
     .help = "Names of its domains that may log in: any, allow LIST or deny LIST, with a list of "
             "kind user. An empty list allows nobody or denies nobody."},
    {.name = "upstream",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, upstream),
     .help = "Where sessions of its users go, instead of to the listener's upstream. Those without "
             "the right to relay go to upstream_inbound all the same."},
    {.name = "delegated",
     .type = ROW_PATH,
     .offset = offsetof(struct organization_values, delegated),
     .help = "A file in which its own administrator may set authenticate_senders, "
             "authenticate_inbound, match_sender, match_exempt_senders, auth_exempt_ips, "
             "auth_users and lists (entries only) for it; what stands there holds instead of what "
             "stands here. If it is broken, its last good settings stay in force; after a start, "
             "all that concerns this organization is a temporary failure."},
    {0}};

const struct section_type organization_section = {
    .name = "organization",
    .titled = true,
    .size = sizeof(struct organization_values),
    .rows = rows,
    .help = "A tenant: it owns domains, and the users in them.",
};

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

/* Who of its senders must log in, and under which names its users send. */
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
    organization->match_sender = values->match_sender;
    organization->match_sender_origin = section_origin(section, "match_sender");
    organization->match_exempt_senders =
        build_list_setting(&built->lists, section, "match_exempt_senders",
                           values->match_exempt_senders, LIST_USER, "nobody is exempt", problems);
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
    organization->upstream = build_upstream(built, section, "upstream", values->upstream, problems);
    read_demands(built, organization, section, problems);
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
