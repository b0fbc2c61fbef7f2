/*
 * health: whether a server counts as up, by the checks it passed and failed in a row.
 *
 * Pure. All zero: up until its first check, which decides at once; nothing is known that could
 * speak against it. Afterwards `fall` failures in a row take it out and `rise` successes bring it
 * back. While the last checks speak against the state they follow each other in half the time: also
 * one that stalls until the timeout is out within `fall` intervals, and one that has come back is
 * in again within `rise` of them.
 */
#ifndef MAILREEVE_HEALTH_H
#define MAILREEVE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct health {
    bool checked;
    bool down;
    unsigned contrary; /* checks in a row that speak against the state */
};

enum health_change { HEALTH_SAME = 0, HEALTH_WENT_DOWN, HEALTH_CAME_UP };

enum health_change health_note(struct health *health, bool passed, unsigned fall, unsigned rise);

/* When the next check is due, the last one having begun at began_ms and ended at now_ms. */
int64_t health_next_ms(const struct health *health, int64_t began_ms, int64_t now_ms,
                       int64_t interval_ms);

#endif
