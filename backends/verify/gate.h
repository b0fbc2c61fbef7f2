/*
 * gate: the cap on what one server may hold at a time, and a short memory of "down".
 *
 * Thread-safe. A dead server must never use up the threads that another tenant needs: at most
 * `limit` sessions are inside, the others wait in line (first come, first served) until their
 * deadline; after a failure everybody is turned away at once for `down_ms`, then one session may
 * try (half-open) while the others are still turned away. Nobody stands in line in vain: who cannot
 * expect his turn before his deadline (forecast.h) is turned away at once, or as soon as that
 * shows, and so is whoever finds GATE_LINE_MAX before him.
 *
 *     struct gate_pass pass;
 *     if (gate_enter(gate, deadline, &pass, &err) != 0)
 *         return VERIFY_UNAVAILABLE;
 *     ...
 *     gate_leave(gate, &pass, GATE_WORKED);
 */
#ifndef MAILREEVE_GATE_H
#define MAILREEVE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "err.h"

struct gate;

enum { GATE_LINE_MAX = 1000 }; /* a tenth of the sessions that there may be by default */

enum gate_evidence {
    GATE_NO_EVIDENCE = 0, /* the session gave up for a reason of its own */
    GATE_WORKED,          /* the server answered sensibly, whatever it said */
    GATE_FAILED,          /* refused, timed out, broke off, talked nonsense */
};

/* What a session holds while it is inside: whose evidence it is decides what it is worth. */
struct gate_pass {
    int64_t entered_ms;
    unsigned place;
    bool is_probe; /* the one that tries while the server counts as down */
};

struct gate *gate_create(unsigned limit, int64_t down_ms); /* never NULL */
void gate_free(struct gate *gate);                         /* NULL is allowed; nobody is inside */

/* Returns 0 when inside, or -1 with err: turned away because the server is down or the line too
 * long, or still in line at the deadline. */
int gate_enter(struct gate *gate, struct deadline deadline, struct gate_pass *pass_r,
               struct err *err);

/* Tells early, from inside, what the session has learned about the server, so that the others need
 * not wait for its end. A failure of a session that entered before another one found the server
 * working is old news and counts for nothing. Returns whether the gate went from up to down or
 * back by it: for the log. */
bool gate_report(struct gate *gate, struct gate_pass *pass, enum gate_evidence evidence);

/* Reports and leaves; returns what gate_report would. */
bool gate_leave(struct gate *gate, struct gate_pass *pass, enum gate_evidence evidence);

/* Whether gate_enter would turn away now. For choosing among several servers. */
bool gate_is_down(struct gate *gate);

/* How many are inside, and how many stand in line now. */
unsigned gate_inside(struct gate *gate);
unsigned gate_waiting(struct gate *gate);

#endif
