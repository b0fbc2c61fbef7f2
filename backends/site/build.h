/*
 * build: a site under construction, and the steps of it, one a file.
 *
 * Each step reports all that is wrong and goes on; only a site without errors is ever used.
 */
#ifndef MAILREEVE_BUILD_H
#define MAILREEVE_BUILD_H

#include <stdatomic.h>

#include "parts.h"
#include "site.h"

struct built_site {
    struct site site; /* first: it is what others see */
    atomic_uint references;

    /* set once */
    struct parts lists;     /* of struct list */
    struct parts sources;   /* of struct source */
    struct parts upstreams; /* of struct upstream */
    struct source_chain **chains;
    size_t chain_count;
};

extern const struct section_type list_section;
extern const struct section_type listener_section;
extern const struct section_type organization_section;
extern const struct parts_kind list_parts;

/* Reads the top level's settings (settings.c). */
void build_settings(struct built_site *built, struct problems *problems);

/* Makes the organizations with their chains, and the users' chain (organizations.c). */
void build_organizations(struct built_site *built, struct problems *problems);

/* Makes the listeners (listeners.c). */
void build_listeners(struct built_site *built, struct problems *problems);

/* Reads an access setting: "any", "allow LIST" or "deny LIST" with a list of that kind
 * (access_setting.c). */
struct access build_access(struct built_site *built, const struct section *section,
                           const char *setting, const char *text, enum list_kind kind,
                           struct problems *problems);

/* The upstream that a setting names, or NULL; problems tells if there is no such upstream. */
struct upstream *build_upstream(struct built_site *built, const struct section *section,
                                const char *setting, const char *name, struct problems *problems);

/* Warns about what is allowed but hardly meant (warnings.c). */
void build_warnings(const struct built_site *built, struct problems *problems);

/* The settings as rows describe them; of the sections' values. */
struct listener_values {
    int auth; /* enum auth_availability */
    unsigned methods;
    bool require_tls, require_auth;
    const char *auth_ips, *auth_users;
    const char *upstream, *upstream_inbound;
    const char *default_domain;
};

struct organization_values {
    struct strings domains, sources;
    int ambiguous_user; /* enum ambiguous_user */
    const char *auth_users;
    const char *upstream;
};

#endif
