/*
 * probe: one check of one address, without waiting: for a thread that polls many of them.
 *
 * One thread's own. A tcp probe is over when the connection stands, or TLS with it; the others talk
 * as dialogue.h has it and take their leave politely. A probe sends nothing secret, so that without
 * a certificate to trust encryption alone is enough.
 */
#ifndef MAILREEVE_PROBE_H
#define MAILREEVE_PROBE_H

#include "deadline.h"
#include "dialogue.h"
#include "endpoint.h"
#include "err.h"
#include "tls.h"

/* How the servers of one upstream are checked. */
struct probe_plan {
    enum check check;
    enum check_tls tls;
    struct tls_context *context; /* NULL if tls is CHECK_TLS_NONE */
};

enum probe_state { PROBE_UNDER_WAY = 0, PROBE_FAILED, PROBE_PASSED };

enum probe_phase { PROBE_CONNECT = 0, PROBE_HANDSHAKE, PROBE_TALK };

struct probe {
    const struct probe_plan *plan;
    const char *host; /* what the certificate must name */
    struct endpoint endpoint;
    struct deadline deadline;
    int fd;
    short events; /* what to poll the descriptor for */
    enum probe_phase phase;
    const struct dialogue_step *step; /* PROBE_TALK: whose answer is awaited */
    struct reply reply;
    struct tls_session *tls; /* NULL: in clear, so far */
};

/* Begins to connect; plan and host are borrowed until the end. Returns 0, or, with err, -1 or
 * DIAL_CANNOT (dial.h). */
int probe_begin(struct probe *probe, const struct probe_plan *plan, const char *host,
                const struct endpoint *endpoint, struct deadline deadline, struct err *err);

/* Does what can be done now, after poll(2) has said `ready` (0: nothing); err tells why it failed,
 * the deadline included. The caller ends it unless it is under way. */
enum probe_state probe_go_on(struct probe *probe, short ready, struct err *err);

/* Closes the connection. */
void probe_end(struct probe *probe);

#endif
