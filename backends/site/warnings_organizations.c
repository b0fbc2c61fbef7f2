#include <stdlib.h>

#include "alloc.h"
#include "warnings.h"

/* What the listeners make possible, found out once for all organizations. */
struct listeners_view {
    bool any_logins;       /* sessions can be authenticated somewhere */
    bool has_guard;        /* the message guard is set up */
    bool any_inbound_auth; /* some listener with auth takes mail without a login */
    const char *relay_ips; /* the name of a listener whose relay_ips is set, or NULL */
};

/* One organization that is looked at. */
struct looking {
    const struct section *section;
    const struct organization *organization;
    const struct listeners_view *view;
    struct problems *problems;
};

static void
warn(const struct looking *at, const char *setting, struct origin origin, const char *text)
{
    section_problem_at(at->section, setting, origin, at->problems, PROBLEM_WARNING, "%s", text);
}

static struct listeners_view
view_listeners(const struct built_site *built)
{
    struct listeners_view view = {.has_guard = warn_has_guard(built)};
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = warn_listener_of(built, sections[i]);
        bool takes_strangers = !listener->require_auth && listener->upstream_inbound != NULL;
        view.any_logins |= warn_has_logins(listener);
        view.any_inbound_auth |= takes_strangers && listener->auth != AUTH_OFF;
        if (view.relay_ips == NULL && listener->relay_ips.list != NULL)
            view.relay_ips = listener->name;
    }
    return view;
}

static void
warn_inbound(const struct looking *at)
{
    const struct organization *organization = at->organization;
    struct origin origin = organization->authenticate_inbound_origin;
    if (organization->authenticate_inbound == INBOUND_NO)
        return;
    if (organization->authenticate_senders == SENDERS_ALWAYS)
        warn(at, "authenticate_inbound", origin,
             "has no effect: authenticate_senders is \"always\"");
    else if (organization->authenticate_inbound == INBOUND_WHEN_AUTH && !at->view->any_inbound_auth)
        warn(at, "authenticate_inbound", origin,
             "has no effect: every listener that takes mail without a login has auth = \"off\" "
             "(\"always\" demands a login there too)");
}

static void
warn_exemptions(const struct looking *at)
{
    static const char no_demand[] =
        "has no effect: neither authenticate_senders nor authenticate_inbound demands a login";
    const struct organization *organization = at->organization;
    const struct access *exempt = &organization->auth_exempt_ips;
    bool demands = organization->authenticate_senders != SENDERS_NO ||
                   organization->authenticate_inbound != INBOUND_NO;
    if (organization->shared_with_count > 0 && !demands)
        warn(at, "shared_with", organization->shared_with_origin, no_demand);
    if (exempt->mode != ACCESS_ANY && !demands)
        warn(at, "auth_exempt_ips", exempt->origin, no_demand);
    else if (exempt->mode == ACCESS_ALLOW && warn_holds_world(exempt->list))
        section_problem_at(at->section, "auth_exempt_ips", exempt->origin, at->problems,
                           PROBLEM_WARNING, "list \"%s\" holds every address: nobody needs a login",
                           list_name(exempt->list));
}

static void
warn_relay_ips(const struct looking *at)
{
    const struct organization *organization = at->organization;
    if (at->view->relay_ips != NULL && organization->authenticate_senders != SENDERS_NO &&
        organization->auth_exempt_ips.mode == ACCESS_ANY)
        section_problem_at(at->section, "authenticate_senders",
                           organization->authenticate_senders_origin, at->problems, PROBLEM_WARNING,
                           "clients in relay_ips of listener \"%s\" must log in all the same to "
                           "send in its name (exempt them by auth_exempt_ips)",
                           at->view->relay_ips);
}

static void
warn_matching(const struct looking *at)
{
    const struct organization *organization = at->organization;
    if (organization->match_exempt_senders.list != NULL && !organization->match_sender)
        warn(at, "match_exempt_senders", organization->match_exempt_senders.origin,
             "has no effect without match_sender, but on accounts whose smtp_auth is "
             "matching-sender");
    if (organization->match_exempt_from.list != NULL && !organization->match_from)
        warn(at, "match_exempt_from", organization->match_exempt_from.origin,
             "has no effect without match_from");
    if (organization->match_from && !at->view->has_guard)
        warn_needs_guard(at->section, "match_from", organization->match_from_origin, at->problems);
}

/* What only those who have logged in meet. */
static void
warn_no_logins(const struct looking *at)
{
    static const char no_logins[] = "has no effect: nobody can log in at any listener";
    static const char *const upstreams[] = {"upstream", "upstream_imap", "upstream_pop3"};
    const struct organization *organization = at->organization;
    if (at->view->any_logins)
        return;
    if (organization->match_sender)
        warn(at, "match_sender", organization->match_sender_origin, no_logins);
    if (organization->match_from)
        warn(at, "match_from", organization->match_from_origin, no_logins);
    if (organization->auth_users.mode != ACCESS_ANY)
        warn(at, "auth_users", organization->auth_users.origin, no_logins);
    for (size_t i = 0; i < sizeof upstreams / sizeof upstreams[0]; i++)
        if (section_is_set(at->section, upstreams[i]))
            warn(at, upstreams[i], section_origin(at->section, upstreams[i]), no_logins);
}

static void
warn_recipients(const struct looking *at)
{
    const struct organization *organization = at->organization;
    if (organization->unverifiable_recipient == UNVERIFIABLE_ACCEPT &&
        organization->recipients == NULL)
        warn(at, "unverifiable_recipient", organization->unverifiable_recipient_origin,
             "has no effect without recipients");
}

/* Who may write such a file changes settings of both. */
static void
warn_shared_files(const struct built_site *built, struct problems *problems)
{
    struct strmap by_file;
    strmap_init(&by_file);
    for (size_t i = 0; i < built->tenant_count; i++) {
        const struct section *section = built->tenants[i].section;
        const char *file = ((const struct organization_values *)section->values)->delegated;
        if (file == NULL || strmap_add(&by_file, file, &built->tenants[i]))
            continue;
        const struct tenant *first = strmap_get(&by_file, file);
        section_problem(section, "delegated", problems, PROBLEM_WARNING,
                        "is the file of organization \"%s\" too: its administrator sets both",
                        first->section->name);
    }
    strmap_fini(&by_file);
}

/* The first organization that has a source, and whether a second one has been told of. */
struct sharing {
    const char *first;
    bool is_told;
};

static void
note_sharing(const struct part *part, const char *organization, struct sharing *sharing,
             struct problems *problems)
{
    const char *warning = source_warns_shared(part->item);
    if (warning == NULL || sharing->is_told)
        return;
    if (sharing->first == NULL) {
        sharing->first = organization;
        return;
    }
    section_problem(part->section, NULL, problems, PROBLEM_WARNING,
                    "organizations \"%s\" and \"%s\" share it: %s", sharing->first, organization,
                    warning);
    sharing->is_told = true;
}

/* Each source is told of once. */
static void
warn_shared_sources(const struct built_site *built, struct problems *problems)
{
    const struct parts *sources = &built->sources;
    struct sharing *sharings = xcalloc(sources->count + 1, sizeof *sharings);
    for (size_t i = 0; i < built->tenant_count; i++) {
        const struct section *section = built->tenants[i].section;
        const struct strings *names =
            &((const struct organization_values *)section->values)->sources;
        for (size_t k = 0; k < names->count; k++) {
            const struct part *part = strmap_get(&sources->by_name, names->items[k]);
            note_sharing(part, section->name, &sharings[part - sources->items], problems);
        }
    }
    free(sharings);
}

void
warn_organizations(const struct built_site *built, struct problems *problems)
{
    const struct listeners_view view = view_listeners(built);
    warn_shared_files(built, problems);
    warn_shared_sources(built, problems);
    for (size_t i = 0; i < built->tenant_count; i++) {
        const struct looking at = {
            .section = built->tenants[i].section,
            .organization = built->tenants[i].organization,
            .view = &view,
            .problems = problems,
        };
        warn_inbound(&at);
        warn_exemptions(&at);
        warn_relay_ips(&at);
        warn_matching(&at);
        warn_no_logins(&at);
        warn_recipients(&at);
    }
}
