/*
 * dns_ttl: how long a DNS answer may be kept.
 *
 * Pure. c-ares does not say it of SRV records.
 */
#ifndef MAILREEVE_DNS_TTL_H
#define MAILREEVE_DNS_TTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The least TTL of the records in the answer section (RFC 1035 4.1), the aliases on the way among
 * them, in seconds; a negative one counts as 0 (RFC 2181 8). Returns false if the message is
 * malformed or has no answer. */
bool dns_least_ttl(const unsigned char *message, size_t length, uint32_t *ttl_s_r);

#endif
