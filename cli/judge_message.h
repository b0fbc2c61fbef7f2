/*
 * judge_message: decides about a message's given facts as the message guard would.
 *
 * One thread. Its steps in the order of SMTP: MAIL, each recipient, the headers (where some are
 * given), the end.
 */
#ifndef MAILREEVE_JUDGE_MESSAGE_H
#define MAILREEVE_JUDGE_MESSAGE_H

#include "given.h"
#include "site.h"

/* The first step that does not accept, else the last one; at the end the severest verdict about a
 * recipient, as a message is refused for all of them or none. trail may be NULL. */
void judge_message(const struct site *site, const struct given *given, const struct trail *trail,
                   struct decision *decision_r);

#endif
