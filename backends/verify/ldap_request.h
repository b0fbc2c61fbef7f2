/*
 * ldap_request: the requests that hold a password, as they go over the wire: a simple bind (RFC
 * 4511 4.2) and a compare (4.10).
 *
 * Pure. libldap would build them too, but leaves copies of the password in memory that it frees;
 * here it is in one buffer, which is wiped.
 */
#ifndef MAILREEVE_LDAP_REQUEST_H
#define MAILREEVE_LDAP_REQUEST_H

#include <stdint.h>

#include "secret.h"

/* Message numbers of ours; libldap counts from 1. */
enum { LDAP_REQUEST_FIRST = 0x40000000, LDAP_REQUEST_LAST = 0x7fffffff };

/* What asks for, and brings, the password policy's opinion (draft-behera-ldap-password-policy-10
 * 6).
 */
#define LDAP_POLICY_CONTROL "1.3.6.1.4.1.42.2.27.8.5.1"

/* Each writes the request with this number into bytes_r. Returns 0, or -1 if something in it is
 * longer than any can be (a megabyte). A bind asks for the password policy's opinion; a server that
 * knows no such thing ignores that (RFC 4511 4.1.11: it is not critical). */
int ldap_request_bind(int32_t message, const char *dn, const struct secret *password,
                      struct secret *bytes_r);
int ldap_request_compare(int32_t message, const char *dn, const char *attribute,
                         const struct secret *password, struct secret *bytes_r);

#endif
