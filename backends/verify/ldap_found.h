/*
 * ldap_found: what a search found: the values of its attributes, copied out of libldap's memory.
 *
 * Pure. Wiped when it goes: values may be passwords.
 */
#ifndef MAILREEVE_LDAP_FOUND_H
#define MAILREEVE_LDAP_FOUND_H

#include <stdbool.h>
#include <stddef.h>

enum { LDAP_ATTRIBUTES_MAX = 16 };

/* The values of one attribute of one entry, in the server's order. */
struct ldap_values {
    struct ldap_value {
        char *bytes; /* with a NUL behind them; may hold NULs */
        size_t length;
    } * items;
    size_t count;
};

struct ldap_found {
    size_t count; /* 2: two or more */
    bool no_base; /* the search FAILED because there is no entry at its base (noSuchObject) */
    char *dn;     /* of the first entry; NULL: there is none, or it has no name that makes sense */
    char *other;  /* an attribute of the first entry that nobody asked for by that name, or NULL */
    struct ldap_values values[LDAP_ATTRIBUTES_MAX]; /* of the first entry, by the query's index */
};

/* Adds a copy. */
void ldap_values_add(struct ldap_values *values, const char *bytes, size_t length);

void ldap_found_fini(struct ldap_found *found);

#endif
