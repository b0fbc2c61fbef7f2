/*
 * ldap_template: a search filter or a DN with places for the login name.
 *
 * Pure. `%u` is the whole name, `%n` the part before the '@', `%d` the domain (empty for a name
 * without one), `%%` a percent sign. What is put in is escaped byte by byte, as RFC 4515 wants it
 * in filters and RFC 4514 in DNs, so that no name can be more than a value: what is special there,
 * and everything that is not printable ASCII, becomes a backslash and two hex digits.
 */
#ifndef MAILREEVE_LDAP_TEMPLATE_H
#define MAILREEVE_LDAP_TEMPLATE_H

#include <stddef.h>

#include "err.h"
#include "username.h"

/* Bytes of an expansion with its NUL; a checked template always fits. */
enum { LDAP_TEXT_MAX = 8192 };

enum ldap_syntax { LDAP_SYNTAX_FILTER = 0, LDAP_SYNTAX_DN };

/* Checks what can be told without knowing filters and DNs: the places are known ones, stand in
 * values only (behind an '='), the name is among them, and the longest login name fits. Returns 0,
 * or -1 with err. */
int ldap_template_check(const char *text, enum ldap_syntax syntax, struct err *err);

/* Writes a checked template with the name put in. Returns the length without NUL. */
size_t ldap_template_expand(const char *text, enum ldap_syntax syntax, const struct username *user,
                            char text_r[LDAP_TEXT_MAX]);

/* Escapes length bytes for a value of that syntax; text_r takes up to 3 * length + 1. Returns the
 * length without NUL. */
size_t ldap_escape(const char *bytes, size_t length, enum ldap_syntax syntax, char *text_r);

#endif
