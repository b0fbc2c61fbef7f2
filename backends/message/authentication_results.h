/*
 * authentication_results: the header of RFC 8601 that tells the filters behind who has logged in.
 *
 * Pure. "Authentication-Results: HOST; auth=pass smtp.auth=USER". Whoever trusts HOST's header must
 * be sure that nobody else has written it, so all that claim to be HOST's are found.
 */
#ifndef MAILREEVE_AUTHENTICATION_RESULTS_H
#define MAILREEVE_AUTHENTICATION_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "username.h"

enum { AUTHENTICATION_RESULTS_MAX = 1024 };

/* How the user has authenticated. */
enum authenticated_by {
    AUTHENTICATED_BY_LOGIN = 0,
    AUTHENTICATED_BY_WINDOW, /* SMTP after POP (NetMail) */
};

/* Whether a header's value (without its name; folded, with comments, quoted, any case) claims to be
 * host's, or cannot be read and has host's name in it. */
bool authentication_results_claims(const char *value, size_t length, const char *host);

/* Writes the value. Returns 0, or -1 if host is no name that RFC 8601 allows or it does not fit. */
int authentication_results_write(const char *host, const char *user, enum authenticated_by by,
                                 char value_r[AUTHENTICATION_RESULTS_MAX]);

#endif
