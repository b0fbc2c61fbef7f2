/*
 * site: everything that one mailreeve.conf describes, checked, built and ready to be asked.
 *
 * A site is immutable and counted: a session takes a reference at its start and drops it at its
 * end, so that a reload swaps the whole configuration under running sessions and each keeps its
 * own. `auth`, `milter` and the command build the same site.
 */
#ifndef MAILREEVE_SITE_H
#define MAILREEVE_SITE_H

#include "conf.h"
#include "decide.h"
#include "log.h"
#include "route.h"
#include "screen.h"
#include "store.h"
#include "tenancy.h"
#include "verify.h"

struct alerts;

/* The `guard` section: mailreeve-milter. */
struct guard_settings {
    const char *socket; /* "unix:/run/mailreeve/milter.sock", "inet:8891@127.0.0.1", "inet6:..." */
    int64_t socket_mode;
    const char *socket_group; /* NULL: the process's */
    const char *listener; /* whose rules hold where the mail server's {daemon_name} is no listener's
                             name; NULL: the only one that can be meant, if there is just one */
    const char *hostname; /* in Authentication-Results; NULL: the mail server's own */
    bool authentication_results; /* whether it is added, and forged ones removed */
};

/* The top-level settings. */
struct site_settings {
    const char *socket; /* of mailreeve-auth */
    int64_t socket_mode;
    const char *socket_group;
    int64_t max_sessions;
    int64_t session_timeout_ms;
    enum log_format log_format;
    enum log_level log_level;
    const char *dns_servers; /* as names_use_servers takes them; NULL: those of /etc/resolv.conf */
    struct decide_settings decide;
    struct screen screen;
    struct limits limits;
    struct guard_settings guard; /* its socket takes a restart */
    struct store_settings store; /* a change takes a restart */
};

enum site_purpose {
    SITE_CHECK, /* everything that needs no network and starts no thread: check, explain */
    SITE_RUN,   /* for service: its alerts are in force and the upstreams' checks begin */
    SITE_GUARD, /* for the message guard, which stands behind the upstreams: its alerts alone */
};

struct site {
    enum site_purpose purpose;
    struct conf *conf;
    struct site_settings settings;
    struct tenancy *tenancy;
    const struct source_chain *users_chain; /* for names of no organization */
    int64_t longest_window_ms; /* the longest relay_window of a listener; 0: logins open none */
    struct alerts *alerts;     /* its `alert` sections; never NULL */
};

/* The section type of the whole file, for `check --print` and the manual page. */
extern const struct section_type site_section;

/* Loads, checks and builds. Returns a site with one reference, or NULL with the problems; warnings
 * may be there in both cases. previous is the site in force, or NULL: an organization whose
 * delegated file is broken keeps the delegated settings that it had there; without them all that
 * concerns it is a temporary failure (organization.broken). */
struct site *site_load(const char *path, enum site_purpose purpose, const struct site *previous,
                       struct problems *problems);

struct site *site_hold(struct site *site);
void site_drop(struct site *site); /* NULL is allowed; the last one closes everything */

/* The chain for a decided user: the organization's, or the users files' for a name of no
 * organization. */
const struct source_chain *site_chain(const struct site *site, const struct decision *decision);

/* The sources in the order of the file, from 0; NULL behind the last. Borrowed from the site. */
struct source *site_source(const struct site *site, size_t index);

/* The upstreams, likewise. */
struct upstream *site_upstream(const struct site *site, size_t index);

/* Forgets what the sources remember about a name, as source_flush has it, or about all if name is
 * NULL. Returns how many answers that were. */
size_t site_flush(const struct site *site, const char *name);

#endif
