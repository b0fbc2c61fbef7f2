/*
 * gate: the cap on what one server may hold at a time, and a short memory of "down".
 *
 * Thread-safe. A dead server must never use up the threads that another tenant needs: at most
 * `limit` sessions are inside, the others wait in line until their deadline; after a failure
 * everybody is turned away at once for `down_ms`, then one session may try (half-open) while the
 * others are still turned away.
 */
#ifndef MAILREEVE_GATE_H
#define MAILREEVE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "err.h"

struct gate;

enum gate_evidence {
    GATE_NO_EVIDENCE = 0, /* the session gave up for a reason of its own */
    GATE_WORKED,          /* the server answered sensibly, whatever it said */
    GATE_FAILED,          /* refused, timed out, broke off, talked nonsense */
};

struct gate *gate_create(unsigned limit, int64_t down_ms);
void gate_free(struct gate *gate); /* NULL is allowed */

/* Returns 0 when inside, or -1 with err: turned away because the server is down, or still in line
 * at the deadline. */
int gate_enter(struct gate *gate, struct deadline deadline, struct err *err);

void gate_leave(struct gate *gate, enum gate_evidence evidence);

/* Whether gate_enter would turn away now. For choosing among several servers. */
bool gate_is_down(struct gate *gate);

#endif
