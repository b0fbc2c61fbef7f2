/*
 * ldap_bind_request: a simple bind as it goes over the wire (RFC 4511 4.2).
 *
 * Pure. libldap would build it too, but leaves copies of the password in memory that it frees; here
 * it is in one buffer, which is wiped.
 */
#ifndef MAILREEVE_LDAP_BIND_REQUEST_H
#define MAILREEVE_LDAP_BIND_REQUEST_H

#include <stdint.h>

#include "secret.h"

/* Message numbers of ours; libldap counts from 1. */
enum { LDAP_BIND_MESSAGE_FIRST = 0x40000000, LDAP_BIND_MESSAGE_LAST = 0x7fffffff };

/* Writes the request with this number into bytes_r. Returns 0, or -1 if DN and password are longer
 * than any can be (a megabyte). */
int ldap_bind_request(int32_t message, const char *dn, const struct secret *password,
                      struct secret *bytes_r);

#endif
