/*
 * netaddr: IPv4 and IPv6 addresses and prefixes as values.
 *
 * Pure. An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address, so that a rule for one
 * holds for both spellings. A zone (fe80::1%eth0) is refused: it names an interface of one host and
 * has no meaning in a rule. Text form: RFC 5952, lower case.
 */
#ifndef MAILREEVE_NETADDR_H
#define MAILREEVE_NETADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum netaddr_family { NETADDR_NONE = 0, NETADDR_IPV4 = 4, NETADDR_IPV6 = 6 };

enum { NETADDR_TEXT_MAX = 46, NETPREFIX_TEXT_MAX = 50 };

struct netaddr {
    enum netaddr_family family;
    uint8_t bytes[16]; /* network order; IPv4 uses the first four, the others are zero */
};

struct netprefix {
    struct netaddr addr; /* bits behind the length are zero */
    uint8_t length;      /* in bits: 0 to 32 or 0 to 128 */
};

/* Reads an address. Returns 0, or -1 with err. */
int netaddr_parse(const char *text, struct netaddr *addr_r, struct err *err);

/* Writes the address, with its terminating NUL. */
void netaddr_format(const struct netaddr *addr, char text_r[NETADDR_TEXT_MAX]);

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);

/* The number of bits that an address of this one's family has: 32 or 128. */
unsigned netaddr_bits(const struct netaddr *addr);

/* Reads "ADDRESS/LENGTH" or a bare address (then the length is that of the whole address). An
 * address with bits set behind the length (192.0.2.1/24) is refused: it is a typing error or a
 * misunderstanding. Returns 0, or -1 with err. */
int netprefix_parse(const char *text, struct netprefix *prefix_r, struct err *err);

void netprefix_format(const struct netprefix *prefix, char text_r[NETPREFIX_TEXT_MAX]);

bool netprefix_contains(const struct netprefix *prefix, const struct netaddr *addr);

/* The prefix of that length (in bits, at most the family's) that the address is in. */
struct netprefix netaddr_prefix(const struct netaddr *addr, unsigned length);

#endif
