/*
 * scramble: turns a number into one that looks like chance, the same on all machines.
 *
 * Pure. The finaliser of MurmurHash3 (Austin Appleby, public domain): a bijection in which each bit
 * of the input moves half of the output's bits. Not for secrets.
 */
#ifndef MAILREEVE_SCRAMBLE_H
#define MAILREEVE_SCRAMBLE_H

#include <stdint.h>

static inline uint64_t
scramble(uint64_t number)
{
    number ^= number >> 33;
    number *= 0xff51afd7ed558ccdu;
    number ^= number >> 33;
    number *= 0xc4ceb9fe1a85ec53u;
    return number ^ number >> 33;
}

#endif
