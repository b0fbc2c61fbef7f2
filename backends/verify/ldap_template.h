/*
 * ldap_template: a search filter or a DN with places for a login name or a mail address.
 *
 * Pure. `%u` is the whole name, `%n` the part before the '@', `%d` the domain (empty for a name
 * without one), `%%` a percent sign. A quoted local part has its quotes in `%u`, where a directory
 * holds an address as mail has it (RFC 4524 2.16), and none in `%n`. What is put in is escaped byte
 * by byte, as RFC 4515 wants it in filters and RFC 4514 in DNs, so that no name can be more than a
 * value: what is special there, and everything that is not printable ASCII, becomes a backslash and
 * two hex digits.
 */
#ifndef MAILREEVE_LDAP_TEMPLATE_H
#define MAILREEVE_LDAP_TEMPLATE_H

#include <stddef.h>

#include "err.h"
#include "mailbox.h"
#include "username.h"

/* Bytes of an expansion with its NUL; a checked template always fits. */
enum { LDAP_TEXT_MAX = 8192 };

enum ldap_syntax { LDAP_SYNTAX_FILTER = 0, LDAP_SYNTAX_DN };

/* What is put in: `%u`, `%n` and `%d`, each at most USERNAME_MAX bytes. Borrowed. */
struct ldap_subject {
    const char *whole;
    const char *local;
    size_t local_length;
    const char *domain; /* "": none */
};

struct ldap_subject ldap_subject_of(const struct username *user);

/* address is what mailbox_format wrote. */
struct ldap_subject ldap_subject_of_mailbox(const struct mailbox *mailbox, const char *address);

/* Checks what can be told without knowing filters and DNs: the places are known ones, stand in
 * values only (behind an '='), the name is among them, and the longest one fits. what is the
 * errors' word for what is put in ("login name"). Returns 0, or -1 with err. */
int ldap_template_check(const char *text, enum ldap_syntax syntax, const char *what,
                        struct err *err);

/* Writes a checked template with the subject put in. Returns the length without NUL. */
size_t ldap_template_expand(const char *text, enum ldap_syntax syntax,
                            const struct ldap_subject *subject, char text_r[LDAP_TEXT_MAX]);

/* Escapes length bytes for a value of that syntax; text_r takes up to 3 * length + 1. Returns the
 * length without NUL. */
size_t ldap_escape(const char *bytes, size_t length, enum ldap_syntax syntax, char *text_r);

#endif
