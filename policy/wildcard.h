/*
 * wildcard: patterns of '*' (any run, an empty one too) and '?' (one character).
 *
 * Pure; no recursion, and no subject costs more than its length times the pattern's. The whole text
 * must fit; ASCII letters compare without case; a character is one of UTF-8, whatever its length.
 */
#ifndef MAILREEVE_WILDCARD_H
#define MAILREEVE_WILDCARD_H

#include <stdbool.h>

bool wildcard_is(const char *text); /* whether there is a '*' or a '?' in it */

bool wildcard_match(const char *pattern, const char *text);

#endif
