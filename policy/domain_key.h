/*
 * domain_key: one spelling for domains that are the same domain.
 *
 * Pure. With letters outside of ASCII a domain has two forms (RFC 5890): "bücher.example" and
 * "xn--bcher-kva.example", and whoever owns the one owns the other. The key has each such label in
 * the latter form, in the way of UTS 46 (capital letters and combined accents are one form). A
 * label that IDNA does not know, or that is too long for DNS in that form, stays as it is.
 */
#ifndef MAILREEVE_DOMAIN_KEY_H
#define MAILREEVE_DOMAIN_KEY_H

#include "domain.h"

/* A label of the key has at most 63 bytes where it is not one of the domain itself; a domain of
 * DOMAIN_MAX bytes has at most 86 labels that are converted. */
enum { DOMAIN_KEY_MAX = 86 * (DOMAIN_LABEL_MAX + 1) };

/* Writes the key of a text of at most DOMAIN_MAX bytes whose ASCII letters are in lower case. */
void domain_key(const char *domain, char key_r[DOMAIN_KEY_MAX + 1]);

#endif
