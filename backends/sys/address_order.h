/*
 * address_order: which of a host's addresses is tried first (RFC 6724 6), as getaddrinfo(3) has it.
 *
 * What cannot be reached comes last: an IPv6 address where there is no route for IPv6. What is
 * equal stays in the order in which DNS gave it, so that a zone can share the load out.
 */
#ifndef MAILREEVE_ADDRESS_ORDER_H
#define MAILREEVE_ADDRESS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"

/* One address, and from which of our own the machine would go there. */
struct address_route {
    struct endpoint endpoint;
    bool has_source; /* else there is no route */
    struct endpoint source;
};

/* Pure: less than 0 if a is to be tried before b, more if after, 0 if it does not matter. */
int address_compare(const struct address_route *a, const struct address_route *b);

/* Sorts by it. Asks the kernel for routes; sends nothing. */
void address_order(struct endpoint *endpoints, size_t count);

#endif
