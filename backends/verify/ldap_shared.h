/*
 * ldap_shared: whether one entry can be found by the names of two domains.
 *
 * Pure.
 */
#ifndef MAILREEVE_LDAP_SHARED_H
#define MAILREEVE_LDAP_SHARED_H

#include <stdbool.h>

/* Whether a filter that is well-formed finds an entry by names of one domain alone: %u or %d stands
 * in one part of each `&`, and in all parts of each `|`. What stands in a `!` says what the entry
 * is not. */
bool ldap_filter_pins_domain(const char *filter);

/* The same of a DN with places for the name. */
bool ldap_dn_pins_domain(const char *dn);

#endif
