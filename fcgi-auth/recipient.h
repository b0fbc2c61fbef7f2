/*
 * recipient: decides about a recipient without AUTH, and finds out what the decision hangs on.
 *
 * policy asks for a fact only once nothing else decides; finding it out may ask a directory or
 * another server, and waits at most until the deadline.
 */
#ifndef MAILREEVE_RECIPIENT_H
#define MAILREEVE_RECIPIENT_H

#include "decide.h"
#include "request.h"
#include "site.h"
#include "windows.h"

/* What was found out about the recipient, for the audit line. */
struct recipient_asked {
    const struct source *source; /* NULL: nobody was asked */
    struct recipient_result result;
};

/* Fills the request's facts sender_elsewhere, sender_owned and recipient where they are asked for.
 * window says whose open relay window it is, if there is one. session is for the log. */
void recipient_decide(const struct site *site, const char *session, struct deadline deadline,
                      struct request *request, const struct window *window,
                      struct decision *decision_r, struct recipient_asked *asked_r);

#endif
