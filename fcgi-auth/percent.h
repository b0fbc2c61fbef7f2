/*
 * percent: %XX (RFC 3986 2.1).
 *
 * Pure.
 */
#ifndef MAILREEVE_PERCENT_H
#define MAILREEVE_PERCENT_H

#include <sys/types.h>

/* Decodes text into decoded_r, which may be text itself; no terminating NUL is written. Returns the
 * length, or -1: a % without two hexadecimal digits. */
ssize_t percent_decode(const char *text, char *decoded_r);

#endif
