/*
 * ldap_settings: the settings of a `source` of type "ldap", their defaults by directory and what is
 * checked beyond the rows.
 *
 * Pure but for the bind password's and the CA's file, which others read. The struct is filled by
 * the rows.
 */
#ifndef MAILREEVE_LDAP_SETTINGS_H
#define MAILREEVE_LDAP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "ldap_uri.h"

enum ldap_directory {
    LDAP_DIRECTORY_OPENLDAP = 0,
    LDAP_DIRECTORY_ACTIVE_DIRECTORY,
    LDAP_DIRECTORY_AD_GLOBAL_CATALOG,
    LDAP_DIRECTORY_EDIRECTORY,
    LDAP_DIRECTORY_DOMINO,
    LDAP_DIRECTORY_SUN,
};

struct ldap_settings {
    struct strings uri;
    bool starttls;
    const char *ca_file; /* NULL: the system's */
    bool tls_verify;
    int directory; /* enum ldap_directory */
    const char *bind_dn;
    const char *bind_password_file;
    const char *base;   /* NULL: the directory's default, if it has one */
    int scope;          /* enum ldap_scope */
    const char *filter; /* NULL: the directory's default */
    const char *user_dn;
    int password;
    const char *username_attribute;
    const char *recipient_filter; /* NULL: the directory's default, but none with user_dn */
    int64_t recipient_cache;      /* ms, like all that follow but connections */
    int64_t recipient_negative_cache;
    int64_t connections;
    int64_t connect_timeout;
    int64_t timeout;
};

/* Ways to check a password. */
enum ldap_password { LDAP_PASSWORD_BIND = 0 };

extern const struct section_type ldap_source_section;

/* What holds: what is set, or the directory's default. base and recipient_filter: NULL if there is
 * neither. */
const char *ldap_settings_filter(const struct ldap_settings *settings);
const char *ldap_settings_recipient_filter(const struct ldap_settings *settings);
const char *ldap_settings_base(const struct ldap_settings *settings);
const struct ldap_ports *ldap_settings_ports(const struct ldap_settings *settings);

/* Whether any of the servers is talked to with TLS. */
bool ldap_settings_use_tls(const struct ldap_settings *settings);

/* Whether anything is ever searched: without user_dn always, with it for recipients only. */
bool ldap_settings_search(const struct ldap_settings *settings);

/* Reports every error and warning. Returns 0, or -1 if there was an error. */
int ldap_settings_check(const struct section *section, struct problems *problems);

#endif
