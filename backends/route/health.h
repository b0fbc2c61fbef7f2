/*
 * health: whether a server counts as up, by the checks it passed and failed in a row.
 *
 * Pure. All zero: up until its first check, which decides at once; nothing is known that could
 * speak against it. Afterwards `fall` failures in a row take it out and `rise` successes bring it
 * back.
 */
#ifndef MAILREEVE_HEALTH_H
#define MAILREEVE_HEALTH_H

#include <stdbool.h>

struct health {
    bool checked;
    bool down;
    unsigned contrary; /* checks in a row that speak against the state */
};

enum health_change { HEALTH_SAME = 0, HEALTH_WENT_DOWN, HEALTH_CAME_UP };

enum health_change health_note(struct health *health, bool passed, unsigned fall, unsigned rise);

#endif
