/*
 * ldap_group: whether an entry is in one of the groups of `require_group`.
 *
 * Thread-safe. Asked as the service. Three ways, the cheapest first: the entry's own memberOf names
 * the group; in Active Directory a matching rule knows members of members; elsewhere the group's
 * entry names the member by DN (groupOfNames, groupOfUniqueNames) or by its uid (posixGroup).
 */
#ifndef MAILREEVE_LDAP_GROUP_H
#define MAILREEVE_LDAP_GROUP_H

#include "ldap_pool.h"
#include "ldap_settings.h"

/* Whose membership is asked about. Borrowed. */
struct ldap_member {
    const char *dn;
    const struct ldap_values *member_of, *uid;
};

/* Whether the entry's own values already say that it is. */
bool ldap_group_is_named(const struct ldap_settings *settings, const struct ldap_member *member);

/* YES and NO: it is in one of the groups, or in none. FAILED, with err: it is in none that could be
 * asked, and one could not (a group without an entry, a right that is missing). */
enum ldap_answer ldap_group_ask(struct ldap_visit *visit, const struct ldap_settings *settings,
                                const struct ldap_member *member, struct err *err);

#endif
