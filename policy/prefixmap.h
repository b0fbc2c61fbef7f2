/*
 * prefixmap: from address prefixes to numbers; the longest prefix that holds an address wins.
 *
 * Pure; immutable after prefixmap_freeze, then safe for any number of threads. A look-up among a
 * million prefixes takes well under a microsecond, however they are nested.
 *
 * How: prefixes are nested or apart, never half over each other, so a set of them cuts the address
 * space into ranges, each with one longest prefix. Freezing sorts the prefixes and writes down
 * where each range begins; a look-up is a binary search for the last beginning that is not behind
 * the address. Every 32nd beginning stands in a small table of its own, which stays in the
 * processor's cache, so that a search among two million touches one or two cold places; a bitwise
 * tree would touch ten.
 */
#ifndef MAILREEVE_PREFIXMAP_H
#define MAILREEVE_PREFIXMAP_H

#include <stddef.h>
#include <stdint.h>

#include "netaddr.h"

struct prefixmap;

struct prefixmap *prefixmap_create(void);   /* never NULL */
void prefixmap_free(struct prefixmap *map); /* NULL is allowed */

/* Adds a prefix of IPv4 or IPv6 with its number, which is below PREFIXMAP_NONE. Of two equal
 * prefixes the first one counts. */
void prefixmap_add(struct prefixmap *map, const struct netprefix *prefix, uint32_t number);

/* Builds what look-ups need; nothing can be added afterwards. */
void prefixmap_freeze(struct prefixmap *map);

#define PREFIXMAP_NONE UINT32_MAX

/* The number of the longest prefix that holds the address, or PREFIXMAP_NONE. */
uint32_t prefixmap_find(const struct prefixmap *map, const struct netaddr *addr);

#endif
