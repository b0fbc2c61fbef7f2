/*
 * decide_request: the command lines of a question without AUTH, and whose the addresses in them
 * are.
 *
 * Pure. Internal to the decide_*.c files. The null sender is nobody's.
 */
#ifndef MAILREEVE_DECIDE_REQUEST_H
#define MAILREEVE_DECIDE_REQUEST_H

#include "question.h"

/* Refuses what is malformed. Fill the decision's paths and organizations: of MAIL alone, and of
 * MAIL and RCPT. */
bool request_ask_mail(const struct question *question);
bool request_ask_recipient(const struct question *question);

#endif
