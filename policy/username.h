/*
 * username: the names that may log in, checked byte by byte.
 *
 * Pure. nginx before 1.29.2 writes the name raw into XCLIENT LOGIN=..., so a name with a line break
 * or a space in it becomes commands or attributes at the upstream. Refused always: empty, longer
 * than USERNAME_MAX, control characters, space, DEL, C1 controls, invalid UTF-8. Refused unless the
 * upstream side decodes xtext (RFC 3461 4): '+', '=' and non-ASCII.
 */
#ifndef MAILREEVE_USERNAME_H
#define MAILREEVE_USERNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum { USERNAME_MAX = 254 };         /* bytes: the longest address that fits an RFC 5321 path */
enum { USERNAME_ENCODED_MAX = 384 }; /* bytes: with the rest of Postfix's 512 byte XCLIENT line */

enum username_encoding { USERNAME_PLAIN = 0, USERNAME_XTEXT };

struct username {
    char text[USERNAME_MAX + 1]; /* ASCII letters in lower case: LDAP ignores case, so do we */
    size_t local_length;         /* bytes before the last '@', or all of them if there is none */
};

/* Checks and lowers a name of length bytes as the client gave it; neither part may be empty. A name
 * without '@' gets "@default_domain" unless default_domain is NULL. Returns 0, or -1 with err,
 * which never repeats the name. */
int username_parse(const char *bytes, size_t length, enum username_encoding encoding,
                   const char *default_domain, struct username *name_r, struct err *err);

/* The part behind the last '@', or NULL: a name without a domain. Points into name. */
const char *username_domain(const struct username *name);

/* Writes the name as Auth-User wants it: as it is, or in xtext. Returns 0, or -1 if the name may
 * not be written in that encoding or is longer than USERNAME_ENCODED_MAX. */
int username_encode(const char *name, enum username_encoding encoding,
                    char text_r[USERNAME_ENCODED_MAX + 1]);

#endif
