/*
 * decide_limits: how much one session, one message and one user may send (Symantec, MDaemon).
 *
 * Pure. Internal to the decide_*.c files; each is a rule of their tables. Only the message guard
 * asks them: at the front door they let the session go on.
 */
#ifndef MAILREEVE_DECIDE_LIMITS_H
#define MAILREEVE_DECIDE_LIMITS_H

#include "question.h"

bool limits_ask_session(const struct question *question); /* messages_per_session */
bool limits_ask_size(const struct question *question);    /* message_size, as far as it is known */
bool limits_ask_recipients(const struct question *question); /* recipients_per_message */
bool limits_ask_user(const struct question *question);       /* facts.message->limited_by */

#endif
