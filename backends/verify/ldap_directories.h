/*
 * ldap_directories: what the directories of one make have in common: the defaults of settings, and
 * how an entry says that its account is shut.
 *
 * Constant data; pure. Every default gives way to the setting of that name.
 */
#ifndef MAILREEVE_LDAP_DIRECTORIES_H
#define MAILREEVE_LDAP_DIRECTORIES_H

#include <stdbool.h>

#include "ldap_uri.h"
#include "outcome.h"

/* The values of the setting `directory`. */
enum ldap_make {
    LDAP_MAKE_OPENLDAP = 0,
    LDAP_MAKE_ACTIVE_DIRECTORY,
    LDAP_MAKE_AD_GLOBAL_CATALOG,
    LDAP_MAKE_EDIRECTORY,
    LDAP_MAKE_DOMINO,
    LDAP_MAKE_SUN,
};

/* How a value of an attribute shuts the account. */
enum ldap_mark_kind {
    LDAP_MARK_TEXT,     /* it is this text, without case */
    LDAP_MARK_BIT,      /* it is a number with this bit set */
    LDAP_MARK_TIME,     /* it is a GeneralizedTime (RFC 4517 3.3.13) that is over */
    LDAP_MARK_FILETIME, /* it is a Windows time that is over; 0 and the largest one mean never */
};

struct ldap_mark {
    const char *attribute;
    enum ldap_mark_kind kind;
    enum verify_outcome outcome;
    const char *text; /* LDAP_MARK_TEXT */
    long long bit;    /* LDAP_MARK_BIT */
};

enum { LDAP_DEFAULT_MAILS_MAX = 3, LDAP_MARKS_MAX = 3 };

struct ldap_directory {
    const char *filter;           /* whose entry a login name is */
    const char *recipient_filter; /* whose entry an address is */
    const char *base;             /* NULL: differs from one to the other */
    struct ldap_ports ports;
    const char *password_attribute;
    const char *mail_attributes[LDAP_DEFAULT_MAILS_MAX];
    struct ldap_mark marks[LDAP_MARKS_MAX]; /* both end with NULL, or full */
    bool has_nested_groups; /* a matching rule finds members of members (LDAP_RULE_IN_CHAIN) */
    const char *no_compare, *no_fetch; /* why password = "compare" and "fetch" cannot work; NULL:
                                          they can */
};

const struct ldap_directory *ldap_directory(enum ldap_make make);

/* What a value says about the account: mark's outcome, or VERIFY_OK where the mark is not set.
 * VERIFY_UNAVAILABLE: the value is none that the attribute may have. */
enum verify_outcome ldap_mark_judge(const struct ldap_mark *mark, const char *value,
                                    long long wall_s);

#endif
