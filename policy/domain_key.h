/*
 * domain_key: one spelling for domains that are the same domain.
 *
 * Pure. With letters outside of ASCII a domain has two forms (RFC 5890): "bücher.example" and
 * "xn--bcher-kva.example", and whoever owns the one owns the other. The key has each such label in
 * the latter form (Punycode, RFC 3492), with its Latin, Greek, Cyrillic and Armenian letters in
 * lower case. A label that is too long for DNS in that form stays as it is.
 */
#ifndef MAILREEVE_DOMAIN_KEY_H
#define MAILREEVE_DOMAIN_KEY_H

#include "domain.h"

/* With room for a label that turns out to be too long; a key has at most three times the bytes of
 * its domain. */
enum { DOMAIN_KEY_MAX = 2047 };

/* Writes the key of a text of at most DOMAIN_MAX bytes whose ASCII letters are in lower case. */
void domain_key(const char *domain, char key_r[DOMAIN_KEY_MAX + 1]);

#endif
