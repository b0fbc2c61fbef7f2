/*
 * build: a site under construction, and the steps of it, one a file.
 *
 * Each step reports all that is wrong and goes on; only a site without errors is ever used. The
 * order: settings, parts (lists, sources, upstreams), organizations (first all of them, then what
 * they say about each other), listeners, rules, screen; then what is wrong with the whole.
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
    bool open_relay_is_meant;
    struct parts lists;     /* of struct built_list */
    struct parts sources;   /* of struct source */
    struct parts upstreams; /* of struct upstream */
    struct source_chain **chains;
    size_t chain_count;
    struct tenant *tenants; /* the organizations, in the order of the file */
    size_t tenant_count;
    struct strmap tenants_by_name;
    struct delegated *delegated;       /* files in force (delegated.c) */
    const struct built_site *previous; /* the one in force while this one is built; or NULL */
};

/* A `list` section: one of the three, by its kind. */
struct built_list {
    struct list *list;
    struct certificates *certificates;
    struct owners *owners;
};

/* An organization and the section that describes it. */
struct tenant {
    struct organization *organization;
    const struct section *section;
    bool lacks_sources; /* one that it names is not there, problems tells */
};

extern const struct section_type list_section;
extern const struct section_type listener_section;
extern const struct section_type organization_section;
extern const struct section_type rule_section;
extern const struct section_type screen_section;
extern const struct section_type limits_section;
extern const struct section_type guard_section;
extern const struct section_type state_section;
extern const struct parts_kind list_parts;

/* Reads the top level's settings (settings.c). */
void build_settings(struct built_site *built, struct problems *problems);

/* Makes the organizations with their chains, and the users' chain (organizations.c). */
void build_organizations(struct built_site *built, struct problems *problems);

/* Puts what an organization's own administrator has set over what the main file says, after all
 * else of the organization is made; does nothing if it has no `delegated` (delegated.c). */
void build_delegated(struct built_site *built, struct organization *organization,
                     const struct section *section, struct problems *problems);
void build_drop_delegated(struct built_site *built); /* all of them, with the site */

/* Makes the listeners (listeners.c). */
void build_listeners(struct built_site *built, struct problems *problems);

/* Reads how clients of a listener log in, and refuses methods that nobody could log in by
 * (methods.c). */
void build_methods(struct built_site *built, const struct section *section,
                   struct listener *listener, struct problems *problems);
extern const struct choice method_choices[];

/* Whether a method takes a source that knows passwords in clear. */
bool method_needs_clear(enum auth_method method);

/* Makes the `rule` sections, in the order of the file (rules.c). */
void build_rules(struct built_site *built, struct problems *problems);

/* Reads the `screen` section; where there is none its mode is off (screening.c). */
void build_screen(struct built_site *built, struct problems *problems);

/* Reads the `limits` section; where there is none there are no limits (limits.c). */
void build_limits(struct built_site *built, struct problems *problems);

/* Reads the `guard` section, or its defaults where there is none; after the listeners (guard.c). */
void build_guard(struct built_site *built, struct problems *problems);

/* The permissions of a socket, in octal (settings.c). */
int64_t build_socket_mode(const struct section *section, const char *text,
                          struct problems *problems);

/* Reads the `state` section, or its defaults where there is none (store_settings.c). */
void build_store(struct built_site *built, struct problems *problems);

/*
 * Settings that name lists (list_settings.c). lists are those that the section may name; mistakes
 * have their weight. Each warns of an empty list whose emptiness is hardly meant.
 */

/* "any", "allow LIST" or "deny LIST" with a list of that kind: who passes. */
struct access build_access(struct parts *lists, const struct section *section, const char *setting,
                           const char *text, enum list_kind kind, struct problems *problems);

/* "none", "allow LIST" or "deny LIST" with a list of kind ip: who is exempt. */
struct access build_exemption(struct parts *lists, const struct section *section,
                              const char *setting, const char *text, struct problems *problems);

/* The name of a list; NULL: not set. if_empty says what an empty list means: "nobody may relay". */
struct list_setting build_list_setting(struct parts *lists, const struct section *section,
                                       const char *setting, const char *name, enum list_kind kind,
                                       const char *if_empty, struct problems *problems);

/* The name of a list of kind certificate; NULL: not set, or problems tells. if_empty as above. */
const struct certificates *build_certificates(struct parts *lists, const struct section *section,
                                              const char *setting, const char *name,
                                              const char *if_empty, struct problems *problems);

/* The name of a list of kind owners, likewise. */
const struct owners *build_owners(struct parts *lists, const struct section *section,
                                  const char *setting, const char *name, const char *if_empty,
                                  struct problems *problems);

/* The upstream that a setting names, or NULL; problems tells if there is no such upstream. */
struct upstream *build_upstream(struct built_site *built, const struct section *section,
                                const char *setting, const char *name, struct problems *problems);

/* The set of sections of a kind ("organization") that a setting names; problems tells of those that
 * are not there or are named twice. set_r is finished by whoever owns it (references.c). */
void build_references(const struct conf *conf, const char *kind, const struct section *section,
                      const char *setting, const struct strings *names, struct nameset *set_r,
                      struct problems *problems);

/* Refuses listeners that let the whole world relay, unless the top level says that it is meant
 * (open_relay.c). */
void build_open_relay(const struct built_site *built, struct problems *problems);

/* Warns about what is allowed but hardly meant (warnings.c, warnings.h). */
void build_warnings(const struct built_site *built, struct problems *problems);

/* The settings as rows describe them; of the sections' values. */
struct listener_values {
    int auth; /* enum auth_availability */
    unsigned methods;
    const char *certificates;
    bool proxy_smtp_auth;
    bool require_tls, require_auth;
    const char *auth_ips, *auth_users;
    int on_auth_when_off; /* whether to ban */
    int relay;            /* enum relay */
    struct strings relay_organizations;
    const char *relay_ips, *local_ips, *trusted_ips;
    struct strings roles_must_auth;
    int64_t relay_window_ms;
    const char *upstream, *upstream_imap, *upstream_pop3, *upstream_inbound;
    const char *default_domain;
};

struct organization_values {
    struct strings domains, sources;
    int ambiguous_user; /* enum ambiguous_user */
    const char *recipients;
    int unverifiable_recipient; /* enum unverifiable_recipient */
    int authenticate_senders;   /* enum authenticate_senders */
    int authenticate_inbound;   /* enum authenticate_inbound */
    struct strings shared_with;
    bool match_sender, match_from, match_detail;
    const char *match_exempt_senders, *match_exempt_from, *sender_owners;
    const char *auth_exempt_ips, *auth_users;
    const char *upstream, *upstream_imap, *upstream_pop3;
    const char *delegated;
};

enum { LIST_OF_CERTIFICATES = LIST_USER + 1, LIST_OF_OWNERS };

struct list_values {
    int kind; /* enum list_kind, LIST_OF_CERTIFICATES or LIST_OF_OWNERS */
    struct strings entries;
    const char *file;
};

struct screen_values {
    int mode; /* enum screen_mode */
    int64_t failures, within_ms;
    int64_t unknown_names, unknown_within_ms;
    int64_t bad_recipients;
    struct strings ban;
    bool same_password_once;
    int64_t ipv4_prefix, ipv6_prefix;
    const char *never;
    int64_t account_failures, account_within_ms;
};

struct rule_values {
    int authenticated, tls; /* enum condition */
    unsigned protocols;
    struct strings listeners, organizations;
    const char *clients, *senders, *recipients, *header_from;
    int64_t size_over_bytes, recipients_over;
    int action; /* enum rule_action */
    const char *code, *text, *header;
};

#endif
