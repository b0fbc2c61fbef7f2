/*
 * srv_members: the targets of an SRV record as members of an upstream (RFC 2782).
 *
 * Pure.
 */
#ifndef MAILREEVE_SRV_MEMBERS_H
#define MAILREEVE_SRV_MEMBERS_H

#include <stdint.h>

#include "names.h"
#include "route.h"

struct srv_member {
    char name[ROUTE_SERVER_MAX]; /* the host; with :port behind where two targets have that host */
    char host[ROUTE_SERVER_MAX];
    unsigned port;
    uint32_t rank;   /* 0: the record's first priority, 1: the next one ... */
    uint64_t weight; /* in hundredths, relative to those of the record that have the same rank */
};

/* targets as srv_targets has sorted them. A target that is named twice is one member. A weight of
 * 0, "a very small chance", is a hundredth of 1; where all of a rank have it, they are equal.
 * Returns how many. */
size_t srv_members(const struct srv_target *targets, size_t count,
                   struct srv_member members_r[NAMES_TARGETS_MAX]);

/* Writes HOST:PORT, which is unique where the host is not. */
void srv_member_long_name(const struct srv_member *member, char name_r[ROUTE_SERVER_MAX]);

#endif
