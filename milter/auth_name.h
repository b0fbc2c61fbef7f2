/*
 * auth_name: the login in the macro {auth_authen}, as the client gave it.
 *
 * Pure. Postfix says it as it is. Sendmail writes it in xtext (RFC 3461 4), so that
 * "anna+x@acme.example" is told as "anna+2Bx@acme.example". Which of the two it is says the macro
 * v: Sendmail's is a version alone ("8.17.1"), Postfix' begins with its name.
 */
#ifndef MAILREEVE_AUTH_NAME_H
#define MAILREEVE_AUTH_NAME_H

#include "username.h"

/* version is the macro v, or NULL. Returns 0, or -1 for what is too long or no xtext: then nobody
 * knows who it is. */
int auth_name_read(const char *macro, const char *version, char name_r[USERNAME_ENCODED_MAX + 1]);

#endif
