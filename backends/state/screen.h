/*
 * screen: the settings of dynamic screening (`screen` section) and of limits at login (`limits`).
 *
 * Values; filled while a configuration is loaded.
 */
#ifndef MAILREEVE_SCREEN_H
#define MAILREEVE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "origin.h"

enum { SCREEN_BANS_MAX = 8 };

enum screen_mode {
    SCREEN_OFF = 0, /* nothing is counted; bans by hand and by on_auth_when_off hold */
    SCREEN_MONITOR, /* counts and logs; of the bans only those by hand hold */
    SCREEN_ENFORCE,
};

struct screen {
    enum screen_mode mode;
    struct origin origin; /* of the section, or of the configuration as a whole */
    int64_t failures;     /* 0: not counted, as with the next two */
    int64_t within_ms;
    int64_t unknown_names, unknown_within_ms;
    int64_t bad_recipients;
    int64_t ban_ms[SCREEN_BANS_MAX]; /* how long the first, second ... offence bans; the last holds
                                        for all later ones */
    size_t ban_count;                /* at least 1 */
    bool same_password_once;
    unsigned ipv4_prefix, ipv6_prefix; /* bits of the network that counts as one client */
    const struct list *never;          /* of kind ip: never counted, never banned; NULL: nobody is
                                          exempt */
    int64_t account_failures, account_within_ms; /* 0: accounts are not protected */
    struct origin failures_origin, account_failures_origin;
};

/* "so many within that time"; most 0: no limit. */
struct rate {
    int64_t most, within_ms;
    struct origin origin;
};

struct limits {
    struct rate logins_per_address, logins_per_user, addresses_per_user;
    struct rate messages_per_user, recipients_per_user;
};

#endif
