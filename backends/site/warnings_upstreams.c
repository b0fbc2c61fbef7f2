/* What is hardly meant of an upstream: sessions of two protocols or none, checks of another
 * protocol or too slow, weights without effect, names that drains cannot tell apart. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "warnings.h"

/* A setting whose sessions are known to be of one protocol. What goes to `upstream` is known to
 * nginx alone: there may be a listener for each protocol. */
struct speaker {
    const char *setting;
    const char *protocol;
    const char *check; /* the one that fits */
};

static const struct speaker imap = {"upstream_imap", "IMAP", "imap"};
static const struct speaker pop3 = {"upstream_pop3", "POP3", "pop3"};
static const struct speaker inbound = {"upstream_inbound", "SMTP", "smtp"};

/* Who sends sessions to an upstream first, and of which protocol. */
struct claim {
    const struct section *section; /* a listener or an organization; NULL: nobody yet */
    const struct speaker *speaker;
};

/* The configuration that is looked at, with a claim for each of its upstreams. */
struct looking {
    const struct built_site *built;
    struct claim *claims;
    struct problems *problems;
};

/* Whether some server is checked at another port than its sessions go to. */
static bool
is_checked_elsewhere(const struct conf *conf, const struct section *upstream)
{
    size_t count;
    const struct section *const *servers = conf_sections(conf, upstream, "server", &count);
    for (size_t i = 0; i < count; i++)
        if (section_number(servers[i], "check_port") > 0)
            return true;
    return false;
}

static void
warn_check(const struct looking *at, const struct section *section, const struct speaker *speaker,
           const struct section *upstream)
{
    const char *check = section_choice(upstream, "check");
    bool has_protocol = strcmp(check, "none") != 0 && strcmp(check, "tcp") != 0;
    if (has_protocol && strcmp(check, speaker->check) != 0 &&
        !is_checked_elsewhere(at->built->site.conf, upstream))
        section_problem(section, speaker->setting, at->problems, PROBLEM_WARNING,
                        "upstream \"%s\" gets %s sessions, and is checked by %s", upstream->name,
                        speaker->protocol, check);
}

static void
claim(const struct looking *at, const struct section *section, const struct speaker *speaker,
      const char *name)
{
    const struct parts *upstreams = &at->built->upstreams;
    const struct part *part = name != NULL ? strmap_get(&upstreams->by_name, name) : NULL;
    if (part == NULL)
        return;
    warn_check(at, section, speaker, part->section);
    struct claim *first = &at->claims[part - upstreams->items];
    if (first->section == NULL)
        *first = (struct claim){section, speaker};
    else if (first->speaker != speaker)
        section_problem(section, speaker->setting, at->problems, PROBLEM_WARNING,
                        "upstream \"%s\" gets %s sessions from %s \"%s\" already, and one port "
                        "speaks one protocol (write an upstream for %s)",
                        name, first->speaker->protocol, first->section->kind, first->section->name,
                        speaker->protocol);
}

/* Whether sessions of no organization, or of one without an upstream, come to the listener's. */
static bool
has_users_for_listener(const struct built_site *built, const struct speaker *speaker)
{
    for (size_t i = 0; i < built->tenant_count; i++)
        if (!section_is_set(built->tenants[i].section, "upstream") &&
            !section_is_set(built->tenants[i].section, speaker->setting))
            return true;
    for (size_t i = 0; i < built->sources.count; i++)
        if (source_is_asked_first(built->sources.items[i].item))
            return true; /* its names may be of no organization */
    return false;
}

static void
look_at_listener(const struct looking *at, const struct section *section,
                 const struct speaker *speaker, const char *name)
{
    const char *any = ((const struct listener_values *)section->values)->upstream;
    claim(at, section, speaker, name);
    if (name == NULL)
        return;
    if (any != NULL && strcmp(any, name) == 0)
        section_problem(section, speaker->setting, at->problems, PROBLEM_WARNING,
                        "has no effect: upstream is the same");
    else if (!has_users_for_listener(at->built, speaker))
        section_problem(section, speaker->setting, at->problems, PROBLEM_WARNING,
                        "has no effect: every organization has an upstream of its own");
}

/* A listener that has an upstream for the protocol, or NULL. */
static const char *
find_listener_with(const struct built_site *built, const struct speaker *speaker)
{
    size_t count;
    const struct section *const *listeners =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++)
        if (section_is_set(listeners[i], speaker->setting))
            return listeners[i]->name;
    return NULL;
}

/* An organization that gives its users an SMTP server hardly means their mailboxes. */
static void
look_at_organization(const struct looking *at, const struct section *section,
                     const struct speaker *speaker, const char *name)
{
    const char *any = ((const struct organization_values *)section->values)->upstream;
    const char *listener = find_listener_with(at->built, speaker);
    claim(at, section, speaker, name);
    if (name != NULL && any != NULL && strcmp(any, name) == 0)
        section_problem(section, speaker->setting, at->problems, PROBLEM_WARNING,
                        "has no effect: upstream is the same");
    else if (name == NULL && any != NULL && listener != NULL)
        section_problem(section, "upstream", at->problems, PROBLEM_WARNING,
                        "gets the %s sessions of its users, too, in the place of %s of listener "
                        "\"%s\" (write %s here where it speaks no %s)",
                        speaker->protocol, speaker->setting, listener, speaker->setting,
                        speaker->protocol);
}

/* A server that takes connections and never answers costs each check its timeout. While it is in
 * doubt the checks follow each other at interval/2 or, if that is later, at once: `fall` of them
 * have to fit into fall x interval, the first beginning an interval after the server went down.
 * One alone never does. */
static void
warn_slow(const struct section *section, struct problems *problems)
{
    int64_t interval_ms = section_number(section, "interval");
    int64_t timeout_ms = section_number(section, "timeout");
    int64_t fall = section_number(section, "fall");
    if (fall > 1 && timeout_ms * fall > interval_ms * (fall - 1))
        section_problem(section, "timeout", problems, PROBLEM_WARNING,
                        "is long: a server that no longer answers is out after more than fall "
                        "times interval (at most %lldms for that)",
                        (long long)(interval_ms * (fall - 1) / fall));
}

/* Weights that the balance does not look at. */
static void
warn_weights(const struct conf *conf, const struct section *section, struct problems *problems)
{
    const char *balance = section_choice(section, "balance");
    size_t count;
    const struct section *const *servers = conf_sections(conf, section, "server", &count);
    if (strcmp(balance, "least-recent") != 0 && strcmp(balance, "first") != 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (section_number(servers[i], "weight") > 1)
            section_problem(servers[i], "weight", problems, PROBLEM_WARNING,
                            "has no effect with balance = \"%s\"", balance);
}

/* Drains know no case. */
static void
warn_same_names(const struct looking *at, const struct section *const *sections, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(sections[i]->name, sections[j]->name) == 0)
                section_problem(sections[i], NULL, at->problems, PROBLEM_WARNING,
                                "only case tells it from \"%s\": who drains one drains both",
                                sections[j]->name);
}

static void
look_at_upstream(const struct looking *at, const struct section *section)
{
    size_t count;
    const struct section *const *servers =
        conf_sections(at->built->site.conf, section, "server", &count);
    warn_same_names(at, servers, count);
    warn_weights(at->built->site.conf, section, at->problems);
    if (strcmp(section_choice(section, "check"), "none") != 0)
        warn_slow(section, at->problems);
}

void
warn_upstreams(const struct built_site *built, struct problems *problems)
{
    const struct looking at = {
        .built = built,
        .claims = xcalloc(built->upstreams.count + 1, sizeof(struct claim)),
        .problems = problems,
    };
    size_t count;
    const struct section *const *listeners =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++) {
        const struct listener_values *values = listeners[i]->values;
        look_at_listener(&at, listeners[i], &imap, values->upstream_imap);
        look_at_listener(&at, listeners[i], &pop3, values->upstream_pop3);
        claim(&at, listeners[i], &inbound, values->upstream_inbound);
    }
    for (size_t i = 0; i < built->tenant_count; i++) {
        const struct section *section = built->tenants[i].section;
        const struct organization_values *values = section->values;
        look_at_organization(&at, section, &imap, values->upstream_imap);
        look_at_organization(&at, section, &pop3, values->upstream_pop3);
    }
    const struct section *const *upstreams =
        conf_sections(built->site.conf, NULL, "upstream", &count);
    warn_same_names(&at, upstreams, count);
    for (size_t i = 0; i < built->upstreams.count; i++)
        look_at_upstream(&at, built->upstreams.items[i].section);
    free(at.claims);
}
