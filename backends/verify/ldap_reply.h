/*
 * ldap_reply: the answer to a request of ldap_request.h, with what a password policy has to say.
 *
 * Pure. Strict: whatever is cut, or has a known control that makes no sense, is no reply.
 */
#ifndef MAILREEVE_LDAP_REPLY_H
#define MAILREEVE_LDAP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "ldap_diagnosis.h"

enum { LDAP_REPLY_TEXT_MAX = 512 };

struct ldap_reply {
    int32_t message;
    unsigned operation; /* LDAP_BER_BIND_RESPONSE or another operation's tag */
    int32_t code;
    char text[LDAP_REPLY_TEXT_MAX]; /* of the server, cut if need be */
    struct ldap_policy policy;
};

/* Reads the contents of an LDAPMessage (RFC 4511 4.1.1), the sequence's own header left out.
 * Returns 0 or -1. */
int ldap_reply_parse(const void *contents, size_t length, struct ldap_reply *reply_r);

#endif
