/*
 * redis_pulse: a look whether a server is there, and at what every process keeps of it.
 *
 * Pure but for the connection.
 */
#ifndef MAILREEVE_REDIS_PULSE_H
#define MAILREEVE_REDIS_PULSE_H

#include "redis_link.h"
#include "store.h"

enum { REDIS_PREFIX_MAX = 200 };

struct redis_pulse {
    unsigned char salt[STORE_SALT_BYTES]; /* that all processes share */
    int64_t bans, windows, drains;        /* how many there are */
    int64_t over;                         /* how many are to be swept */
    bool is_full;
};

/* One round trip. salt is what the server gets if it has none: after it has lost its memory, the
 * one that this process knew. Returns 0, STORE_FULL with err (then salt_r is the server's all the
 * same, or salt if it has none and no room for one), or -1 with err. */
int redis_pulse_take(struct redis_link *link, const char *prefix,
                     const unsigned char salt[STORE_SALT_BYTES], int64_t now_ms,
                     struct redis_pulse *pulse_r, struct deadline deadline, struct err *err);

#endif
