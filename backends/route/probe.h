/*
 * probe: one check of one address, without waiting: for a thread that polls many of them.
 *
 * One thread's own. A tcp probe is over when the connection stands; an smtp probe reads the
 * greeting (220), says EHLO, wants 250 and takes its leave with QUIT.
 */
#ifndef MAILREEVE_PROBE_H
#define MAILREEVE_PROBE_H

#include "deadline.h"
#include "endpoint.h"
#include "err.h"
#include "reply.h"

enum check { CHECK_NONE = 0, CHECK_TCP, CHECK_SMTP };

enum probe_state { PROBE_UNDER_WAY = 0, PROBE_FAILED, PROBE_PASSED };

enum probe_step { PROBE_CONNECT = 0, PROBE_GREETING, PROBE_EHLO };

struct probe {
    enum check check;
    enum probe_step step;
    int fd;
    short events; /* what to poll the descriptor for */
    struct deadline deadline;
    struct endpoint endpoint;
    struct reply reply;
};

/* Begins to connect. Returns 0, or, with err, -1 or DIAL_CANNOT (dial.h). */
int probe_begin(struct probe *probe, enum check check, const struct endpoint *endpoint,
                struct deadline deadline, struct err *err);

/* Does what can be done now, after poll(2) has said `ready` (0: nothing); err tells why it failed,
 * the deadline included. The caller ends it unless it is under way. */
enum probe_state probe_go_on(struct probe *probe, short ready, struct err *err);

/* Closes the connection. */
void probe_end(struct probe *probe);

#endif
