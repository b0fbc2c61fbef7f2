/*
 * ldap_search: whose entry a name or an address is, as a source's settings say.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_LDAP_SEARCH_H
#define MAILREEVE_LDAP_SEARCH_H

#include "ldap_entry.h"
#include "ldap_pool.h"
#include "ldap_settings.h"
#include "ldap_template.h"

/* Searches below the base with a checked filter template and the subject put in; asks for what is
 * wanted. Answers as ldap_pool_search; call ldap_found_fini whatever it was. */
enum ldap_answer ldap_search(struct ldap_visit *visit, const struct ldap_settings *settings,
                             const char *filter, const struct ldap_subject *subject,
                             const struct ldap_wanted *wanted, struct ldap_found *found_r,
                             struct err *err);

/* Reads the entry that user_dn names; that there is none is an answer. Likewise. */
enum ldap_answer ldap_search_user_dn(struct ldap_visit *visit, const struct ldap_settings *settings,
                                     const struct ldap_subject *subject,
                                     const struct ldap_wanted *wanted, struct ldap_found *found_r,
                                     struct err *err);

/* One or the other, as the settings say where logins are looked for. */
enum ldap_answer ldap_search_login(struct ldap_visit *visit, const struct ldap_settings *settings,
                                   const struct username *login, const struct ldap_wanted *wanted,
                                   struct ldap_found *found_r, struct err *err);

#endif
