/*
 * judge: decides about given facts as the service would about a session's, without asking the
 * world.
 *
 * One thread. The same functions of policy/ as the service's, in the same order; what the service
 * finds out on the way (what the sources say, whether a recipient exists) is given.
 */
#ifndef MAILREEVE_JUDGE_H
#define MAILREEVE_JUDGE_H

#include "given.h"
#include "testimony.h"

/* decision_r may borrow from testimony_r, which may be reused after testimony_fini. trail may be
 * NULL. */
void judge(const struct site *site, const struct given *given, const struct trail *trail,
           struct testimony *testimony_r, struct decision *decision_r);

#endif
