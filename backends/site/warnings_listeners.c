#include <string.h>
#include <strings.h>

#include "warnings.h"

/* One listener that is looked at. */
struct looking {
    const struct built_site *built;
    const struct section *section;
    const struct listener_values *values;
    const struct listener *listener;
    struct problems *problems;
};

static void
warn(const struct looking *at, const char *setting, const char *text)
{
    section_problem(at->section, setting, at->problems, PROBLEM_WARNING, "%s", text);
}

/* Whether somebody is sent to `upstream` without having logged in here. */
static bool
relays_without_login(const struct listener *listener)
{
    return listener->relay_ips.list != NULL || listener->relay_window_ms > 0;
}

static void
warn_no_effect(const struct looking *at, const char *setting, bool is_meant)
{
    if (is_meant)
        warn(at, setting, "has no effect while auth is off");
}

static void
warn_auth_off(const struct looking *at)
{
    const struct listener_values *values = at->values;
    const struct listener *listener = at->listener;
    bool relays = relays_without_login(listener);
    if (listener->auth != AUTH_OFF)
        return;
    warn_no_effect(at, "auth_ips", strcmp(values->auth_ips, "any") != 0);
    warn_no_effect(at, "auth_users", strcmp(values->auth_users, "any") != 0);
    warn_no_effect(at, "certificates", listener->certificates != NULL);
    warn_no_effect(at, "proxy_smtp_auth", listener->proxy_smtp_auth);
    warn_no_effect(at, "relay", listener->relay != RELAY_ALL && !warn_has_logins(listener));
    warn_no_effect(at, "upstream", values->upstream != NULL && !relays);
    warn_no_effect(at, "upstream_imap", values->upstream_imap != NULL);
    warn_no_effect(at, "upstream_pop3", values->upstream_pop3 != NULL);
    if (values->require_auth && !relays)
        warn(at, "require_auth", "every session is refused: auth is off");
    if (values->upstream_inbound == NULL && (!relays || values->upstream == NULL))
        warn(at, "upstream_inbound", "is not set, and auth is off: nobody gets through");
}

static void
warn_auth_on(const struct looking *at)
{
    if (at->listener->auth != AUTH_OFF && at->values->on_auth_when_off)
        warn(at, "on_auth_when_off", "has no effect: auth is not off");
}

/* An organization none of whose sources knows passwords in clear, or NULL. */
static const char *
find_without_clear(const struct built_site *built)
{
    for (size_t i = 0; i < built->tenant_count; i++)
        if (!source_chain_knows_clear(built->tenants[i].organization->sources))
            return built->tenants[i].organization->name;
    return NULL;
}

/* Clients choose what they are offered: many take a challenge before a password, and then cannot
 * log in. */
static void
warn_challenges(const struct looking *at)
{
    const struct listener *listener = at->listener;
    const char *without = NULL;
    for (const struct choice *choice = method_choices; choice->word != NULL; choice++) {
        if (!method_needs_clear((enum auth_method)choice->value) ||
            (listener->methods & METHOD_BIT(choice->value)) == 0 ||
            (without = find_without_clear(at->built)) == NULL)
            continue;
        section_problem(at->section, "methods", at->problems, PROBLEM_WARNING,
                        "nobody of organization \"%s\" can log in by %s: none of its sources "
                        "knows passwords in clear",
                        without, choice->word);
    }
}

/* An organization whose users would end up with route.none on this listener, or NULL. */
static const char *
find_stranded(const struct built_site *built)
{
    for (size_t i = 0; i < built->tenant_count; i++)
        if (built->tenants[i].organization->upstream == NULL)
            return built->tenants[i].organization->name;
    return NULL;
}

/* A listener without either upstream is one for web pages (auth_request), whose logins go nowhere.
 */
static void
warn_no_upstream(const struct looking *at, const char *stranded)
{
    const struct listener *listener = at->listener;
    if (listener->upstream != NULL)
        return;
    if (listener->auth != AUTH_OFF && listener->relay != RELAY_NONE && stranded != NULL &&
        listener->upstream_inbound != NULL)
        section_problem(at->section, "upstream", at->problems, PROBLEM_WARNING,
                        "is not set, and organization \"%s\" has none either: its users can log in "
                        "but go nowhere",
                        stranded);
    if (listener->relay_ips.list != NULL)
        warn(at, "relay_ips",
             "upstream is not set: what these clients send to other domains goes "
             "nowhere");
}

/* Whether somebody can log in here who has not the right to relay. */
static bool
has_users_without_right(const struct looking *at)
{
    const struct listener *listener = at->listener;
    switch (listener->relay) {
    case RELAY_ALL:
        return false;
    case RELAY_NONE:
        return true;
    case RELAY_ORGANIZATIONS:
        break;
    }
    for (size_t i = 0; i < at->built->tenant_count; i++)
        if (!nameset_has(&listener->relay_organizations, at->built->tenants[i].organization->name))
            return true;
    /* A users file may hold names of no organization. */
    for (size_t i = 0; i < at->built->sources.count; i++)
        if (source_is_asked_first(at->built->sources.items[i].item))
            return true;
    return false;
}

static void
warn_relay(const struct looking *at)
{
    const struct listener *listener = at->listener;
    bool names_some = !nameset_is_empty(&listener->relay_organizations);
    if (listener->relay == RELAY_ORGANIZATIONS && !names_some)
        warn(at, "relay",
             "relay_organizations is empty: nobody may relay (relay = \"none\" says that plainly)");
    if (listener->relay != RELAY_ORGANIZATIONS && names_some)
        warn(at, "relay_organizations", "has no effect unless relay is \"organizations\"");
    if (listener->upstream_inbound == NULL && warn_has_logins(listener) &&
        has_users_without_right(at))
        warn(at, "upstream_inbound",
             "is not set: users without the right to relay can log in but go nowhere");
    if (listener->upstream_inbound != NULL && listener->upstream != NULL &&
        listener->require_auth && listener->relay == RELAY_ALL)
        warn(at, "upstream_inbound",
             "has no effect: whoever gets past require_auth may relay and goes to upstream");
}

/* nginx logs in wherever a session of its port goes. Where users who may not relay go, that login
 * must not be worth anything. */
static void
warn_proxy_auth(const struct looking *at)
{
    const struct listener *listener = at->listener;
    if (listener->proxy_smtp_auth && listener->auth != AUTH_OFF &&
        listener->upstream_inbound != NULL && has_users_without_right(at))
        section_problem(at->section, "proxy_smtp_auth", at->problems, PROBLEM_WARNING,
                        "nginx logs in at \"%s\", too, for users without the right to relay: it "
                        "must take their passwords, and relay for nobody who has logged in",
                        at->values->upstream_inbound);
}

static void
warn_addresses(const struct looking *at)
{
    const struct listener *listener = at->listener;
    const struct list *relay = listener->relay_ips.list, *local = listener->local_ips.list,
                      *trusted = listener->trusted_ips.list;
    bool all_log_in = listener->require_auth && relay == NULL;
    if (trusted != NULL && local == NULL)
        warn(at, "trusted_ips", "has no effect without local_ips");
    if (local != NULL && local == trusted)
        warn(at, "local_ips", "is the same list as trusted_ips: none of them must log in");
    else if (local != NULL && trusted != NULL && warn_holds_world(trusted))
        section_problem(at->section, "trusted_ips", at->problems, PROBLEM_WARNING,
                        "list \"%s\" holds every address: nobody in local_ips must log in",
                        list_name(trusted));
    if (relay != NULL && relay == local && relay != trusted)
        warn(at, "relay_ips",
             "is the same list as local_ips: these clients must log in all the same (name those "
             "that need not in trusted_ips)");
    if (local != NULL && all_log_in)
        warn(at, "local_ips", "has no effect: require_auth demands a login of everybody");
    if (!nameset_is_empty(&listener->roles_must_auth) && all_log_in)
        warn(at, "roles_must_auth", "has no effect: require_auth demands a login of everybody");
}

static void
warn_default_domain(const struct looking *at)
{
    const char *domain = at->listener->default_domain;
    if (domain != NULL && tenancy_owner(at->built->site.tenancy, domain) == NULL)
        section_problem(at->section, "default_domain", at->problems, PROBLEM_WARNING,
                        "no organization owns \"%s\"", domain);
}

/* Whether those who may relay, anywhere, are sent to that upstream. */
static bool
takes_relayed(const struct built_site *built, const struct upstream *upstream)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = warn_listener_of(built, sections[i]);
        if (listener->upstream == upstream &&
            (listener->auth != AUTH_OFF || relays_without_login(listener)))
            return true;
    }
    for (size_t i = 0; i < built->tenant_count; i++)
        if (built->tenants[i].organization->upstream == upstream)
            return true;
    return false;
}

/* An address of a server that both have, or NULL. SRV records are not looked at. */
static const char *
find_shared_address(const struct conf *conf, const struct upstream *one, const struct upstream *two)
{
    size_t count, others;
    const struct section *const *servers =
        conf_sections(conf, upstream_section_of(one), "server", &count);
    const struct section *const *other =
        conf_sections(conf, upstream_section_of(two), "server", &others);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < others; j++) {
            const char *address = section_text(servers[i], "address");
            const char *same = section_text(other[j], "address");
            if (address != NULL && same != NULL && strcasecmp(address, same) == 0)
                return address;
        }
    return NULL;
}

/* A server that does not know XCLIENT cannot tell one session of nginx from the other. */
static void
warn_shared_address(const struct looking *at, const struct upstream *inbound)
{
    const struct parts *upstreams = &at->built->upstreams;
    for (size_t i = 0; i < upstreams->count; i++) {
        const struct upstream *other = upstreams->items[i].item;
        const char *address = other != inbound && takes_relayed(at->built, other)
                                  ? find_shared_address(at->built->site.conf, inbound, other)
                                  : NULL;
        if (address == NULL)
            continue;
        section_problem(at->section, "upstream_inbound", at->problems, PROBLEM_WARNING,
                        "\"%s\" is at %s, where \"%s\" takes those who may relay, too: whoever "
                        "gets there without that right must not be able to relay (give them a "
                        "port of their own)",
                        at->values->upstream_inbound, address, upstream_name(other));
        return;
    }
}

/* nginx is a pipe after the first recipient, so a stranger can name any others there. */
static void
warn_shared_upstream(const struct looking *at)
{
    const struct upstream *upstream = at->listener->upstream_inbound;
    if (upstream != NULL && takes_relayed(at->built, upstream))
        section_problem(at->section, "upstream_inbound", at->problems, PROBLEM_WARNING,
                        "\"%s\" takes those who may relay, too: whoever gets there without that "
                        "right must not be able to relay (give them an upstream of their own)",
                        at->values->upstream_inbound);
    else if (upstream != NULL)
        warn_shared_address(at, upstream);
}

void
warn_listeners(const struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    const char *stranded = find_stranded(built);
    for (size_t i = 0; i < count; i++) {
        const struct looking at = {
            .built = built,
            .section = sections[i],
            .values = sections[i]->values,
            .listener = warn_listener_of(built, sections[i]),
            .problems = problems,
        };
        warn_auth_off(&at);
        warn_auth_on(&at);
        warn_challenges(&at);
        warn_no_upstream(&at, stranded);
        warn_relay(&at);
        warn_proxy_auth(&at);
        warn_addresses(&at);
        warn_default_domain(&at);
        warn_shared_upstream(&at);
    }
}
