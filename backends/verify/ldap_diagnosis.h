/*
 * ldap_diagnosis: what the answer to a bind says about the account, by the code, the text and the
 * password policy's opinion.
 *
 * Pure. RFC 4511 knows 49 (invalid credentials) only. Active Directory answers that to whatever
 * goes wrong with a login, and says in the text what it was: "80090308: LdapErr: DSID-0C090447,
 * comment: AcceptSecurityContext error, data 52e, v4563". eDirectory ("NDS error: login lockout
 * (-197)"), Sun's heirs ("Account inactivated. ...") and FreeIPA have texts of their own, with 19
 * and 53 as well.
 */
#ifndef MAILREEVE_LDAP_DIAGNOSIS_H
#define MAILREEVE_LDAP_DIAGNOSIS_H

#include <stdbool.h>

#include "outcome.h"

/* What came with the answer. Zero: nothing. */
struct ldap_policy {
    bool has_spoken; /* a password policy response was there (draft-behera-ldap-password-policy) */
    bool has_error;  /* ... with an error, which is ... */
    int error;       /* 0 password expired, 1 account locked, 2 change after reset; others are
                        about changing passwords */
    bool says_expired; /* Netscape's control was there: expired, or must be changed after a reset */
};

/* VERIFY_OK for success alone; why nobody gets in if the answer says that; VERIFY_UNAVAILABLE for
 * all that tells nothing about the account: outages, errors, reasons that we do not know. text may
 * be NULL. */
enum verify_outcome ldap_diagnosis(int code, const char *text, const struct ldap_policy *policy);

#endif
