/*
 * tenancy: the listeners and organizations of one configuration, as policy sees them.
 *
 * Pure; filled once while a configuration is loaded, immutable afterwards. Strings and lists are
 * borrowed from the configuration. Which settings each struct carries follows design section
 * "Configuration".
 */
#ifndef MAILREEVE_TENANCY_H
#define MAILREEVE_TENANCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "list.h"
#include "nameset.h"
#include "origin.h"
#include "rule.h"
#include "username.h"
#include "verdict.h"

/* Opaque to policy: what backends/route and backends/verify keep behind a name of the
 * configuration. */
struct upstream;
struct source;
struct source_chain;

struct certificates;
struct owners;

enum auth_availability { AUTH_OFF = 0, AUTH_ENCRYPTED, AUTH_ON }; /* SMG 1 */

/* The login methods nginx can announce; nginx says plain for LOGIN too. No released nginx announces
 * xoauth2 and oauthbearer in its mail module: no listener can offer them yet. */
enum auth_method {
    METHOD_UNKNOWN = 0,
    METHOD_NONE,
    METHOD_PLAIN,
    METHOD_CRAM_MD5,
    METHOD_APOP,
    METHOD_EXTERNAL,
    METHOD_XOAUTH2,
    METHOD_OAUTHBEARER,
};
#define METHOD_BIT(method) (1u << (unsigned)(method))

/* SMG 3 to 6, 14 and 15: "any", "allow LIST" (only those in the list), "deny LIST" (only those not
 * in the list). */
enum access_mode { ACCESS_ANY = 0, ACCESS_ALLOW, ACCESS_DENY };

struct access {
    enum access_mode mode;
    const struct list *list; /* NULL if mode is ACCESS_ANY */
    struct origin origin;    /* of the setting, or of the section if it is not set */
};

/* A setting that names one list ("relay_ips = "printers""). */
struct list_setting {
    const struct list *list; /* NULL: not set; nobody is in it */
    struct origin origin;    /* of the setting, or of the section if it is not set */
};

/* Who of the authenticated may send to recipients of no organization (SMG 7, 8). */
enum relay { RELAY_NONE = 0, RELAY_ORGANIZATIONS, RELAY_ALL };

/* Settings of one front-door port ("interface" in SMG), and where each was said. */
struct listener {
    const char *name;
    struct origin origin;
    enum auth_availability auth;
    unsigned methods; /* mask of METHOD_BIT() */
    enum relay relay;
    bool require_tls;
    bool require_auth; /* SMG 2 */
    bool ban_when_off; /* MDaemon: ban who tries AUTH where it is off */
    struct origin auth_origin;
    struct origin methods_origin;
    struct origin relay_origin;
    struct origin require_tls_origin;
    struct origin require_auth_origin;
    struct origin on_auth_when_off_origin;
    struct access auth_ips;
    struct access auth_users;
    struct nameset relay_organizations; /* names of organizations; asked if relay says so */
    struct list_setting relay_ips;      /* may relay without AUTH */
    struct list_setting local_ips;      /* must authenticate (MDaemon) ... */
    struct list_setting trusted_ips;    /* ... but for these */
    struct nameset roles_must_auth;     /* local parts in lower case (MDaemon) */
    int64_t relay_window_ms;            /* how long a POP or IMAP login counts; 0: not at all */
    struct origin relay_window_origin;
    const struct certificates *certificates; /* who logs in by EXTERNAL; NULL: nobody */
    struct origin certificates_origin;
    bool proxy_smtp_auth; /* nginx logs in at the SMTP server behind it, so it needs the password */
    const char *default_domain;        /* lower case; NULL: none */
    struct upstream *upstream;         /* for those who may relay, and POP and IMAP; NULL: none */
    struct upstream *upstream_imap;    /* for IMAP in its place; NULL: none of its own */
    struct upstream *upstream_pop3;    /* for POP, likewise */
    struct upstream *upstream_inbound; /* for the others; NULL: none */
};

enum authenticate_senders { SENDERS_NO = 0, SENDERS_UNLESS_LOCAL, SENDERS_ALWAYS };
enum authenticate_inbound { INBOUND_NO = 0, INBOUND_WHEN_AUTH, INBOUND_ALWAYS };
enum unverifiable_recipient { UNVERIFIABLE_DEFER = 0, UNVERIFIABLE_ACCEPT };

/* Settings of one tenant ("OU" in SMG). */
struct organization {
    const char *name;
    struct origin origin;
    enum authenticate_senders authenticate_senders; /* SMG 10, MDaemon */
    enum authenticate_inbound authenticate_inbound; /* SMG 9 */
    enum unverifiable_recipient unverifiable_recipient;
    bool match_sender; /* SMG 11: a user's MAIL FROM is his own name */
    bool broken; /* its delegated file is, and there are no earlier settings: all that concerns it
                    is a temporary failure */
    struct origin authenticate_senders_origin;
    struct origin authenticate_inbound_origin;
    struct origin unverifiable_recipient_origin;
    struct origin match_sender_origin;
    struct origin broken_origin;
    struct source *recipients; /* knows which recipients exist; NULL: all do */
    struct origin recipients_origin;
    const struct organization *const *shared_with; /* a sender known to one of them is exempt from
                                                      sender.auth-required (MDaemon); borrowed */
    size_t shared_with_count;
    struct origin shared_with_origin;
    struct access auth_exempt_ips; /* SMG 12, 13: ACCESS_ANY: nobody is exempt; ACCESS_ALLOW: those
                                      in the list are, ACCESS_DENY: those not in it; an empty list
                                      exempts nobody in both modes */
    struct list_setting match_exempt_senders; /* MDaemon */
    bool match_from;                    /* MDaemon: who has logged in shows no From: but his own */
    bool match_detail;                  /* bob owns bob+anything */
    const struct owners *sender_owners; /* who may send as whom beside; NULL: nobody */
    struct list_setting match_exempt_from; /* MDaemon */
    struct origin match_from_origin, sender_owners_origin;
    struct access auth_users; /* SMG 14, 15: asks only about names in this organization's domains */
    const struct source_chain *sources;
    struct upstream *upstream; /* for its users, in the place of the listener's; NULL: none */
    struct upstream *upstream_imap, *upstream_pop3; /* likewise */
};

struct tenancy;

struct tenancy *tenancy_create(void);       /* never NULL */
void tenancy_free(struct tenancy *tenancy); /* NULL is allowed; frees listeners and organizations,
                                               not what they borrow */

/* Adds a zeroed listener or organization for the caller to fill. Returns NULL, with err, if the
 * name is taken. */
struct listener *tenancy_add_listener(struct tenancy *tenancy, const char *name,
                                      struct origin origin, struct err *err);
struct organization *tenancy_add_organization(struct tenancy *tenancy, const char *name,
                                              struct origin origin, struct err *err);

/* Gives a domain ("acme.example") or all below one ("*.acme.example") to an organization; any case.
 * bücher.example is xn--bcher-kva.example. Returns 0, or -1 with err if it is malformed or another
 * organization (or this one) has claimed it already. */
int tenancy_claim_domain(struct tenancy *tenancy, struct organization *organization,
                         const char *domain, struct origin origin, struct err *err);

/* Adds a zeroed rule behind those that are there. Returns NULL, with err, if the name is taken. */
struct rule *tenancy_add_rule(struct tenancy *tenancy, const char *name, struct origin origin,
                              struct err *err);

/* The rules in order; *count_r of them. */
const struct rule *const *tenancy_rules(const struct tenancy *tenancy, size_t *count_r);

const struct listener *tenancy_listener(const struct tenancy *tenancy,
                                        const char *name); /* or NULL */

/* All listeners in order; *count_r of them. */
const struct listener *const *tenancy_listeners(const struct tenancy *tenancy, size_t *count_r);

/* One with domains that demands match_from and is not except; NULL: there is none. */
const struct organization *tenancy_find_match_from(const struct tenancy *tenancy,
                                                   const struct organization *except);

/* The organization that owns a domain, or NULL: an exact claim first, then the longest wildcard.
 * Costs one look-up per label of the domain, however many organizations there are. domain is in
 * lower case; a domain with letters outside of ASCII is the one that DNS has for it. */
const struct organization *tenancy_owner(const struct tenancy *tenancy, const char *domain);

#endif
