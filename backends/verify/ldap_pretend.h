/*
 * ldap_pretend: spends the time that a login of somebody known takes, for a name that nobody has.
 *
 * Thread-safe. The directory is asked for an entry that cannot be there, so that it is as busy with
 * unknown names as with known ones; what it took less than lately for known ones is waited for. A
 * fetched password is compared here, so here the same work is done.
 */
#ifndef MAILREEVE_LDAP_PRETEND_H
#define MAILREEVE_LDAP_PRETEND_H

#include "ldap_login.h"

/* As source_kind has it (verify.h). */
void ldap_pretend(const struct ldap_parts *parts, const struct verify_request *request);

#endif
