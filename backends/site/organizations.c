#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build.h"
#include "domain.h"

static const struct choice ambiguous[] = {
    {"refuse", AMBIGUOUS_REFUSE}, {"first", AMBIGUOUS_FIRST}, {0}};

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
     .help = "When two of its sources know a name: refuse it, or let the first decide."},
    {.name = "auth_users",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, auth_users),
     .preset = "any",
     .help = "Names of its domains that may log in: any, allow LIST or deny LIST, with a list of "
             "kind user."},
    {.name = "upstream",
     .type = ROW_STRING,
     .offset = offsetof(struct organization_values, upstream),
     .help = "Where sessions of its users go, instead of to the listener's upstream."},
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
own_sources(struct built_site *built, const struct section *section, struct problems *problems)
{
    const struct strings *names = &((const struct organization_values *)section->values)->sources;
    struct chosen own = {.sources = xcalloc(names->count + 1, sizeof(struct source *))};
    for (size_t i = 0; i < names->count; i++) {
        struct origin origin = names->origins[i];
        struct part *part =
            parts_refer(&built->sources, names->items[i], section, "sources", origin, problems);
        if (part == NULL || part->item == NULL)
            continue;
        if (is_among(&own, part->item))
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
    const struct organization_values *values = section->values;
    for (size_t i = 0; i < values->domains.count; i++)
        claim_domain(built, organization, section, values->domains.items[i],
                     values->domains.origins[i], problems);
    organization->auth_users =
        build_access(built, section, "auth_users", values->auth_users, LIST_USER, problems);
    organization->upstream = build_upstream(built, section, "upstream", values->upstream, problems);

    struct chosen own = own_sources(built, section, problems);
    organization->sources =
        add_chain(built, first, &own, (enum ambiguous_user)values->ambiguous_user);
    free(own.sources);
    if (first->count == 0 && values->sources.count == 0)
        section_problem(section, NULL, problems, PROBLEM_WARNING,
                        "has no sources, and there is none of type users: nobody of it can log in");
}

void
build_organizations(struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "organization", &count);
    built->chains = xcalloc(count + 1, sizeof(struct source_chain *));

    struct chosen first = asked_first(&built->sources), none = {0};
    for (size_t i = 0; i < count; i++)
        build_organization(built, sections[i], &first, problems);
    built->site.users_chain = add_chain(built, &first, &none, AMBIGUOUS_REFUSE);
    free(first.sources);
}
