/*
 * own_question: a session of our own that came back to us: an smtp, imap or pop3 source leads to a
 * front door that asks us.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_OWN_QUESTION_H
#define MAILREEVE_OWN_QUESTION_H

#include <stdbool.h>

#include "decide.h"

/* Whether this is one: helo is what the client calls itself (NULL: not known, as with AUTH),
 * subject the login's name or the recipient's address. Then the decision is our own fault, as a
 * temporary failure, and the log says so loudly, once a minute. session is for the log. */
bool own_question_refuse(const char *session, const char *helo, const char *subject,
                         const struct facts *facts, struct decision *decision);

#endif
