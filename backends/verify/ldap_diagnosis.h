/*
 * ldap_diagnosis: what the text behind a 49 (invalid credentials) says about the reason.
 *
 * Pure. Active Directory answers 49 to whatever goes wrong with a login, and says in the text what
 * it was: "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e,
 * v4563".
 */
#ifndef MAILREEVE_LDAP_DIAGNOSIS_H
#define MAILREEVE_LDAP_DIAGNOSIS_H

#include <stdbool.h>

/* Whether the text, NULL if there is none, names a reason that is not the account or its password:
 * no domain controller can be reached (51f), a trust is broken, or one that we do not know. A text
 * that names no reason in this way is about the password, as RFC 4511 has it. */
bool ldap_diagnosis_is_outage(const char *text);

#endif
