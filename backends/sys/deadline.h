/*
 * deadline: the time until which a session may wait, handed down to everything that waits.
 *
 * A value. Every session has one budget; a step that may take less takes the sooner of both.
 */
#ifndef MAILREEVE_DEADLINE_H
#define MAILREEVE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
    int64_t at_ms; /* clock_now_ms() at which the time is up */
};

struct deadline deadline_after(int64_t budget_ms);

/* The sooner of the deadline and budget_ms from now. */
struct deadline deadline_sooner(struct deadline deadline, int64_t budget_ms);

/* Milliseconds left, 0 if the time is up; at most INT_MAX, as poll(2) wants it. */
int deadline_left_ms(struct deadline deadline);

bool deadline_is_over(struct deadline deadline);

#endif
