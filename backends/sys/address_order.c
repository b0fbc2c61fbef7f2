/*
 * IPv4 addresses are looked at in the form ::ffff:192.0.2.1, as the RFC does. Its rules 3, 4, 7 and
 * 9 are left out: a server does not care for deprecated and home addresses nor for tunnels, and
 * the longest common prefix would undo the order in which DNS shares out the load.
 */
#include "address_order.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

enum { ADDRESS_BYTES = 16, SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };

/* RFC 6724 2.1; the longest prefix first. */
static const struct policy {
    unsigned char prefix[ADDRESS_BYTES];
    unsigned bits;
    int precedence, label;
} policies[] = {
    {{[15] = 1}, 128, 50, 0},  {{[10] = 0xff, 0xff}, 96, 35, 4},
    {{0}, 96, 1, 3},           {{0x20, 0x01}, 32, 5, 5},
    {{0x20, 0x02}, 16, 30, 2}, {{0x3f, 0xfe}, 16, 1, 12},
    {{0xfe, 0xc0}, 10, 1, 11}, {{0xfc}, 7, 3, 13},
    {{0}, 0, 40, 1},
};

struct bytes16 {
    unsigned char bytes[ADDRESS_BYTES];
};

static struct bytes16
to_ipv6(const struct endpoint *endpoint)
{
    struct bytes16 address = {.bytes = {[10] = 0xff, 0xff}};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (endpoint->address.ss_family == AF_INET6) {
        memcpy(&v6, &endpoint->address, sizeof v6);
        memcpy(address.bytes, &v6.sin6_addr, sizeof address.bytes);
    } else {
        memcpy(&v4, &endpoint->address, sizeof v4);
        memcpy(address.bytes + 12, &v4.sin_addr, sizeof v4.sin_addr);
    }
    return address;
}

static bool
has_prefix(const struct bytes16 *address, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address->bytes, prefix, whole) != 0)
        return false;
    return rest == 0 || (address->bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static const struct policy *
policy_of(const struct bytes16 *address)
{
    const struct policy *policy = policies;
    while (!has_prefix(address, policy->prefix, policy->bits))
        policy++; /* the last one has every address */
    return policy;
}

/* RFC 6724 3.1 and 3.2 */
static int
scope_of(const struct bytes16 *address)
{
    static const unsigned char loopback[ADDRESS_BYTES] = {[15] = 1};
    static const unsigned char link[] = {0xfe, 0x80}, site[] = {0xfe, 0xc0};
    static const unsigned char v4_loopback[] = {[10] = 0xff, 0xff, 127};
    static const unsigned char v4_link[] = {[10] = 0xff, 0xff, 169, 254};
    if (has_prefix(address, loopback, 128) || has_prefix(address, link, 10) ||
        has_prefix(address, v4_loopback, 104) || has_prefix(address, v4_link, 112))
        return SCOPE_LINK;
    return has_prefix(address, site, 10) ? SCOPE_SITE : SCOPE_GLOBAL;
}

int
address_compare(const struct address_route *a, const struct address_route *b)
{
    if (a->has_source != b->has_source) /* rule 1 */
        return a->has_source ? -1 : 1;
    if (!a->has_source)
        return 0;
    struct bytes16 to_a = to_ipv6(&a->endpoint), to_b = to_ipv6(&b->endpoint);
    struct bytes16 from_a = to_ipv6(&a->source), from_b = to_ipv6(&b->source);
    const struct policy *policy_a = policy_of(&to_a), *policy_b = policy_of(&to_b);

    bool in_scope_a = scope_of(&to_a) == scope_of(&from_a);
    bool in_scope_b = scope_of(&to_b) == scope_of(&from_b);
    if (in_scope_a != in_scope_b) /* rule 2 */
        return in_scope_a ? -1 : 1;
    bool fits_a = policy_of(&from_a)->label == policy_a->label;
    bool fits_b = policy_of(&from_b)->label == policy_b->label;
    if (fits_a != fits_b) /* rule 5 */
        return fits_a ? -1 : 1;
    if (policy_a->precedence != policy_b->precedence) /* rule 6 */
        return policy_b->precedence - policy_a->precedence;
    return scope_of(&to_a) - scope_of(&to_b); /* rule 8 */
}

/* A connected datagram socket has a source address although nothing was sent. */
static void
find_source(struct address_route *route)
{
    const struct endpoint *endpoint = &route->endpoint;
    int fd = socket(endpoint->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    route->source.length = sizeof route->source.address;
    route->has_source =
        connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->length) == 0 &&
        getsockname(fd, (struct sockaddr *)&route->source.address, &route->source.length) == 0;
    close(fd);
}

void
address_order(struct endpoint *endpoints, size_t count)
{
    if (count < 2)
        return;
    struct address_route *routes = xcalloc(count, sizeof *routes);
    for (size_t i = 0; i < count; i++) {
        struct address_route route = {.endpoint = endpoints[i]};
        find_source(&route);
        size_t at = i; /* qsort(3) does not keep the order of what is equal */
        for (; at > 0 && address_compare(&route, &routes[at - 1]) < 0; at--)
            routes[at] = routes[at - 1];
        routes[at] = route;
    }
    for (size_t i = 0; i < count; i++)
        endpoints[i] = routes[i].endpoint;
    free(routes);
}
