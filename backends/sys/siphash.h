/*
 * siphash: a keyed hash for tables whose keys strangers choose.
 *
 * Pure. SipHash-2-4 (Aumasson and Bernstein, 2012): who does not know the key cannot find keys that
 * collide.
 */
#ifndef MAILREEVE_SIPHASH_H
#define MAILREEVE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* key: the 16 bytes of the paper as two little-endian words. */
uint64_t siphash(const uint64_t key[2], const void *bytes, size_t length);

#endif
