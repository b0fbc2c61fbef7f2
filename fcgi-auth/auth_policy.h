/*
 * auth_policy: answers mail servers that are not behind this nginx: may this login go on, and what
 * became of it.
 *
 * Thread-safe. Whoever reaches this may open relay windows and shut anybody out: nginx lets
 * servers of one's own through to it and nobody else (nginx-conf/auth-policy.conf).
 */
#ifndef MAILREEVE_AUTH_POLICY_H
#define MAILREEVE_AUTH_POLICY_H

#include "answer.h"
#include "call.h"
#include "world.h"

/* The listener that X-Listener names, if there is one, gives names without a domain theirs. */
void auth_policy_serve(const struct world *world, const struct call *call, struct answer *answer_r);

#endif
