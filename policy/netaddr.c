#include "netaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { MAPPED_BITS = 96 }; /* ::ffff:0:0/96 holds the IPv4 addresses */

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static bool
is_mapped(const struct netaddr *addr)
{
    return addr->family == NETADDR_IPV6 && memcmp(addr->bytes, mapped, sizeof mapped) == 0;
}

static void
unmap(struct netaddr *addr)
{
    struct netaddr ipv4 = {.family = NETADDR_IPV4};
    memcpy(ipv4.bytes, addr->bytes + sizeof mapped, 4);
    *addr = ipv4;
}

/* Reads an address as it is written: a mapped one stays IPv6. */
static int
parse_as_written(const char *text, struct netaddr *addr_r, struct err *err)
{
    struct netaddr addr = {.family = NETADDR_NONE};
    if (inet_pton(AF_INET, text, addr.bytes) == 1) {
        addr.family = NETADDR_IPV4;
    } else if (inet_pton(AF_INET6, text, addr.bytes) == 1) {
        addr.family = NETADDR_IPV6;
    } else if (strchr(text, '%') != NULL) {
        err_set(err, "an address with a zone has no meaning here (leave out the %% and what "
                     "follows)");
        return -1;
    } else {
        err_set(err, "not an IPv4 or IPv6 address");
        return -1;
    }
    *addr_r = addr;
    return 0;
}

int
netaddr_parse(const char *text, struct netaddr *addr_r, struct err *err)
{
    if (parse_as_written(text, addr_r, err) != 0)
        return -1;
    if (is_mapped(addr_r))
        unmap(addr_r);
    return 0;
}

void
netaddr_format(const struct netaddr *addr, char text_r[NETADDR_TEXT_MAX])
{
    text_r[0] = '\0';
    switch (addr->family) {
    case NETADDR_NONE:
        break;
    case NETADDR_IPV4:
        inet_ntop(AF_INET, addr->bytes, text_r, NETADDR_TEXT_MAX);
        break;
    case NETADDR_IPV6:
        inet_ntop(AF_INET6, addr->bytes, text_r, NETADDR_TEXT_MAX);
        break;
    }
}

bool
netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

unsigned
netaddr_bits(const struct netaddr *addr)
{
    switch (addr->family) {
    case NETADDR_NONE:
        return 0;
    case NETADDR_IPV4:
        return 32;
    case NETADDR_IPV6:
        return 128;
    }
    return 0;
}

struct netprefix
netaddr_prefix(const struct netaddr *addr, unsigned length)
{
    struct netprefix prefix = {.addr = *addr, .length = (uint8_t)length};
    for (unsigned i = 0; i < sizeof prefix.addr.bytes; i++) {
        unsigned kept = length > i * 8 ? length - i * 8 : 0;
        if (kept < 8)
            prefix.addr.bytes[i] &= (uint8_t)(0xff00u >> kept);
    }
    return prefix;
}

bool
netprefix_contains(const struct netprefix *prefix, const struct netaddr *addr)
{
    if (prefix->addr.family == NETADDR_NONE || prefix->addr.family != addr->family)
        return false;
    struct netprefix around = netaddr_prefix(addr, prefix->length);
    return netaddr_equal(&around.addr, &prefix->addr);
}

/* Reads "0" to "128": digits only, no sign, no leading zero. Returns -1 if it is anything else or
 * more than most. */
static int
parse_length(const char *text, unsigned most)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return -1;
    unsigned length = 0;
    for (size_t i = 0; i < digits; i++)
        length = length * 10 + (unsigned)(text[i] - '0');
    return length <= most ? (int)length : -1;
}

int
netprefix_parse(const char *text, struct netprefix *prefix_r, struct err *err)
{
    char address[NETADDR_TEXT_MAX];
    const char *slash = strchr(text, '/');
    size_t address_length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (address_length >= sizeof address) {
        err_set(err, "not an IPv4 or IPv6 address");
        return -1;
    }
    memcpy(address, text, address_length);
    address[address_length] = '\0';

    struct netaddr addr;
    if (parse_as_written(address, &addr, err) != 0)
        return -1;
    unsigned bits = netaddr_bits(&addr);
    int length = slash != NULL ? parse_length(slash + 1, bits) : (int)bits;
    if (length < 0) {
        err_set(err, "the length behind the slash is not a number from 0 to %u", bits);
        return -1;
    }

    struct netprefix prefix = netaddr_prefix(&addr, (unsigned)length);
    if (!netaddr_equal(&prefix.addr, &addr)) {
        char right[NETPREFIX_TEXT_MAX];
        netprefix_format(&prefix, right);
        err_set(err, "the address has bits set behind its first %d (perhaps %s)", length, right);
        return -1;
    }
    if (length >= MAPPED_BITS && is_mapped(&prefix.addr)) {
        unmap(&prefix.addr);
        prefix.length = (uint8_t)(length - MAPPED_BITS);
    }
    *prefix_r = prefix;
    return 0;
}

void
netprefix_format(const struct netprefix *prefix, char text_r[NETPREFIX_TEXT_MAX])
{
    char address[NETADDR_TEXT_MAX];
    netaddr_format(&prefix->addr, address);
    snprintf(text_r, NETPREFIX_TEXT_MAX, "%s/%u", address, (unsigned)prefix->length);
}
