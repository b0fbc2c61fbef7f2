/*
 * ldap_shared: whether a directory that several organizations have tells their users apart.
 *
 * Pure. Where a filter looks at what is before the @ alone, anna@acme.example and
 * anna@branch.example are one entry; unless the account's own name says whose it is, one password
 * lets both in.
 */
#ifndef MAILREEVE_LDAP_SHARED_H
#define MAILREEVE_LDAP_SHARED_H

#include <stdbool.h>

#include "ldap_settings.h"
#include "verify.h"

/* Whether a filter that is well-formed finds an entry by names of one domain alone: %u or %d stands
 * in one part of each `&`, and in all parts of each `|`. What stands in a `!` says what the entry
 * is not. */
bool ldap_filter_pins_domain(const char *filter);

/* The same of a DN with places for the name. */
bool ldap_dn_pins_domain(const char *dn);

/* source_kind's warns_shared and account_names. */
const char *ldap_warns_shared(const struct ldap_settings *settings);
enum account_names ldap_account_names(const struct ldap_settings *settings);

#endif
