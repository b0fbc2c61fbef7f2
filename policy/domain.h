/*
 * domain: the syntax of mail domains (RFC 5321 4.1.2, with RFC 6531's letters outside of ASCII).
 *
 * Pure. One place decides, so that a domain that a command line may carry is one that an
 * organization may claim.
 */
#ifndef MAILREEVE_DOMAIN_H
#define MAILREEVE_DOMAIN_H

#include <stddef.h>

#include "err.h"

enum { DOMAIN_MAX = 255, DOMAIN_LABEL_MAX = 63 }; /* bytes */

/* Checks labels of letters, digits, hyphens (not at either end) and characters outside of ASCII,
 * with single dots between them; any case; not an address literal. Characters that no domain has
 * (RFC 5892) and that look like, or are taken for, others are not let through. '_' is let through
 * as DNS and MTAs let it: hosts with such names send mail. Returns 0, or -1 with err. */
int domain_check(const char *bytes, size_t length, struct err *err);

#endif
