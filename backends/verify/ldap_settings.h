/*
 * ldap_settings: the settings of a `source` of type "ldap" and what is checked beyond the rows.
 *
 * Pure but for the files that are named, which others read. The struct is filled by the rows.
 */
#ifndef MAILREEVE_LDAP_SETTINGS_H
#define MAILREEVE_LDAP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "ldap_directories.h"

/* Ways to check a password. */
enum ldap_password {
    LDAP_PASSWORD_BIND = 0, /* the server logs the user in */
    LDAP_PASSWORD_COMPARE,  /* the server compares it, as the service asks it to */
    LDAP_PASSWORD_FETCH,    /* the service reads what is stored, and we compare */
};

/* Of all of a source: mail addresses, and groups. */
enum { LDAP_MAIL_ATTRIBUTES_MAX = 6, LDAP_GROUPS_MAX = 16 };

struct ldap_settings {
    struct strings uri;
    const char *ca_file;              /* NULL: the system's */
    const char *cert_file, *key_file; /* what we show of ourselves; NULL: nothing */
    const char *bind_dn;
    const char *bind_password_file;
    const char *base;   /* NULL: the directory's default, if it has one */
    const char *filter; /* NULL: the directory's default */
    const char *user_dn;
    const char *password_attribute; /* NULL: the directory's default */
    const char *username_attribute;
    struct strings mail_attribute; /* items NULL: the directory's default */
    const char *route_attribute;
    struct strings require_group;
    const char *allowed_networks_attribute;
    const char *recipient_filter; /* NULL: the directory's default, but none with user_dn */
    int64_t cache;                /* ms, like all that follow but connections */
    int64_t negative_cache;
    int64_t recipient_cache;
    int64_t recipient_negative_cache;
    int64_t connections;
    int64_t connect_timeout;
    int64_t timeout;
    int directory;     /* enum ldap_make */
    int scope;         /* enum ldap_scope */
    int password;      /* enum ldap_password */
    int app_passwords; /* enum app_passwords */
    bool starttls, tls_verify;
    bool cache_when_down;
};

extern const struct section_type ldap_source_section;

/* What holds: what is set, or the directory's default. base and recipient_filter: NULL if there is
 * neither. */
const char *ldap_settings_filter(const struct ldap_settings *settings);
const char *ldap_settings_recipient_filter(const struct ldap_settings *settings);
const char *ldap_settings_base(const struct ldap_settings *settings);
const struct ldap_ports *ldap_settings_ports(const struct ldap_settings *settings);
const char *ldap_settings_password_attribute(const struct ldap_settings *settings);

/* The attributes whose values are the account's addresses. Returns how many. */
size_t ldap_settings_mail_attributes(const struct ldap_settings *settings,
                                     const char *names_r[LDAP_MAIL_ATTRIBUTES_MAX]);

/* Whether any of the servers is talked to with TLS. */
bool ldap_settings_use_tls(const struct ldap_settings *settings);

/* Whether logins read the entry that user_dn names: for what is compared or fetched, and for what
 * it says about the account. */
bool ldap_settings_read_user_dn(const struct ldap_settings *settings);

/* Whether an account can be asked about without its password: a source that has only user_dn must
 * not call upon a service account that it does not have. */
bool ldap_settings_can_lookup(const struct ldap_settings *settings);

/* Whether recipients are searched for. */
bool ldap_settings_find_recipients(const struct ldap_settings *settings);

/* How many connections a login may hold: the service's, and one that is bound as the user. The
 * former is not needed where logins are binds by user_dn, the latter where no login is a bind. */
unsigned ldap_settings_links(const struct ldap_settings *settings);

/* Reports every error and warning. Returns 0, or -1 if there was an error. */
int ldap_settings_check(const struct section *section, struct problems *problems);

#endif
