/*
 * ldap_search: whose entry a name or an address is, as a source's settings say.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_LDAP_SEARCH_H
#define MAILREEVE_LDAP_SEARCH_H

#include "ldap_pool.h"
#include "ldap_settings.h"
#include "ldap_template.h"

/* Searches below the base with a checked filter template and the subject put in; asks for the
 * attribute that is the account's one name. Answers as ldap_pool_search; call ldap_found_fini
 * whatever it was. */
enum ldap_answer ldap_search(struct ldap_visit *visit, const struct ldap_settings *settings,
                             const char *filter, const struct ldap_subject *subject,
                             struct ldap_found *found_r, struct err *err);

#endif
