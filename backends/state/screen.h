/*
 * screen: the settings of dynamic screening: who is banned for how long (`screen` section).
 *
 * Values; filled while a configuration is loaded.
 */
#ifndef MAILREEVE_SCREEN_H
#define MAILREEVE_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "list.h"

enum { SCREEN_BANS_MAX = 8 };

struct screen {
    int64_t ban_ms[SCREEN_BANS_MAX]; /* how long the first, second ... offence bans; the last holds
                                        for all later ones */
    size_t ban_count;                /* at least 1 */
    unsigned ipv4_prefix, ipv6_prefix; /* bits of the network that counts as one client */
    const struct list *never;          /* of kind ip: never banned; NULL: nobody is exempt */
};

#endif
